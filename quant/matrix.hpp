// A matrix of packed rows that somebody else owns.
#pragma once

#include <cstddef>
#include <cstdint>

#include "quant/format.hpp"

namespace brim::quant {

/// Non-owning view: `rows` rows of `cols` values in `format`, each `row_bytes` bytes after the one before. A row is the
/// weights of one output: y[r] = Σ_c matrix[r][c]·x[c]. `data` may be unaligned only as far as the file was (≥ 1 byte).
struct Matrix {
  Format format = Format::f32;
  const std::byte* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::size_t row_bytes = 0;

  const std::byte* row(std::int64_t index) const { return data + static_cast<std::size_t>(index) * row_bytes; }
  bool empty() const { return data == nullptr; }
  /// Rows [first, first + count) of the same memory.
  Matrix slice(std::int64_t first, std::int64_t count) const { return {format, row(first), count, cols, row_bytes}; }
};

}  // namespace brim::quant

// A matrix of packed weights that another object owns: row by row as a file has it, or in panels of sixteen rows.
#pragma once

#include <cstddef>
#include <cstdint>

#include "quant/format.hpp"
#include "quant/panel.hpp"

namespace brim::quant {

enum class Layout : std::uint8_t {
  rows,    ///< each row's blocks one after another, as in files
  panels,  ///< quant/panel.hpp
};

/// Non-owning view: `rows` rows of `cols` values in `format`. A row is the weights of one output: y[r] = Σ_c
/// matrix[r][c]·x[c].
///
/// Layout::rows: rows lie `row_bytes` bytes apart, and `data` may be as unaligned as it was in the file (≥ 1 byte).
///
/// Layout::panels: panel_count(rows) panels lie panel_bytes(format, cols) apart from a 64-byte boundary on; row_bytes
/// is still the size of one row in a file.
struct Matrix {
  Format format = Format::f32;
  const std::byte* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::size_t row_bytes = 0;
  Layout layout = Layout::rows;

  /// Only with Layout::rows.
  const std::byte* row(std::int64_t index) const { return data + static_cast<std::size_t>(index) * row_bytes; }
  bool empty() const { return data == nullptr; }
  /// Rows [first, first + count) of the same memory. Only with Layout::rows.
  Matrix slice(std::int64_t first, std::int64_t count) const { return {format, row(first), count, cols, row_bytes}; }
};

}  // namespace brim::quant

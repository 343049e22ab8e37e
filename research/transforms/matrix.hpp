// A tensor in floats, and the changes that transforms make to it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/io/gguf.hpp"

namespace brim::research {

/// `rows` rows of `columns` values. A tensor of one dimension has one column: a bias changes as its matrix's rows do.
/// Rows and columns that are named must exist.
struct Matrix {
  std::int64_t columns = 0, rows = 0;
  std::vector<float> values;

  void scale_row(std::int64_t row, float factor) noexcept;
  void scale_column(std::int64_t column, float factor) noexcept;
  /// Of blocks of `size` rows from `first` on, block i becomes what block order[i] was.
  void reorder_rows(std::int64_t first, std::int64_t size, std::span<const int> order);
  /// The same of blocks of `size` columns, from the first column on.
  void reorder_columns(std::int64_t size, std::span<const int> order);
};

/// Errors: io.
Result<Matrix> unpacked(const io::Gguf& model, const io::Tensor& tensor);

}  // namespace brim::research

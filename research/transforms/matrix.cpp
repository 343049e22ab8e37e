// See matrix.hpp.
#include "research/transforms/matrix.hpp"

#include <algorithm>
#include <cstddef>

#include "quant/row.hpp"

namespace brim::research {

void Matrix::scale_row(std::int64_t row, float factor) noexcept {
  for (std::int64_t i = row * columns; i < (row + 1) * columns; ++i) values[static_cast<std::size_t>(i)] *= factor;
}

void Matrix::scale_column(std::int64_t column, float factor) noexcept {
  for (std::int64_t row = 0; row < rows; ++row) values[static_cast<std::size_t>(row * columns + column)] *= factor;
}

void Matrix::reorder_rows(std::int64_t first, std::int64_t size, std::span<const int> order) {
  const std::vector<float> old = values;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::int64_t from = first + order[i] * size, to = first + static_cast<std::int64_t>(i) * size;
    std::copy_n(old.begin() + from * columns, size * columns, values.begin() + to * columns);
  }
}

void Matrix::reorder_columns(std::int64_t size, std::span<const int> order) {
  const std::vector<float> old = values;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::size_t i = 0; i < order.size(); ++i) {
      const std::int64_t from = order[i] * size, to = static_cast<std::int64_t>(i) * size;
      std::copy_n(old.begin() + row * columns + from, size, values.begin() + row * columns + to);
    }
  }
}

Result<Matrix> unpacked(const io::Gguf& model, const io::Tensor& tensor) {
  Matrix matrix;
  matrix.columns = tensor.dimensions > 1 ? tensor.shape[0] : 1;
  matrix.rows = tensor.dimensions > 1 ? tensor.rows() : tensor.shape[0];
  matrix.values.resize(static_cast<std::size_t>(matrix.columns * matrix.rows));
  BRIM_ASSIGN(const std::vector<std::byte> bytes, model.read(tensor.data));
  quant::unpack_row(tensor.format, bytes.data(), matrix.values.data(), matrix.columns * matrix.rows);
  return matrix;
}

}  // namespace brim::research

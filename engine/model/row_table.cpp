// See row_table.hpp.
#include "engine/model/row_table.hpp"

#include <utility>

namespace brim::model {

Result<RowTable> RowTable::open(const io::Gguf& file, const io::Tensor& tensor) {
  RowTable table;
  table.matrix_ = tensor.matrix();
  BRIM_ASSIGN(table.opened_, file.open_again(tensor));
  return table;
}

Status RowTable::read(const kernels::Table& table, std::int64_t row, float* packed, float* values) const {
  const auto unpack = table.unpack[static_cast<std::size_t>(matrix_.format)];
  if (!opened_) {
    unpack(matrix_.row(row), values, matrix_.cols);
    return {};
  }
  auto* const bytes = reinterpret_cast<std::byte*>(packed);
  const std::uint64_t place = opened_->offset + static_cast<std::uint64_t>(row) * matrix_.row_bytes;
  if (const ReadFault fault = opened_->file.try_read(place, {bytes, matrix_.row_bytes})) return fault.error();
  unpack(bytes, values, matrix_.cols);
  return {};
}

Status RowTable::check_unchanged() const { return opened_ ? opened_->file.check_unchanged() : Status(); }

}  // namespace brim::model

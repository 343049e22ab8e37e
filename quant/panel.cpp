// The switch over the formats: loops of each slab's put_block() and get_block() over a panel.
#include "quant/panel.hpp"

#include <type_traits>

#include "quant/formats/all.hpp"
#include "quant/panels/all.hpp"
#include "quant/row.hpp"

namespace brim::quant {
namespace {

/// Calls visit(Slab, Block, block length) with null pointers for the types of `format`.
template <class Visit>
auto with_types(Format format, Visit&& visit) noexcept {
  switch (format) {
#define FORMAT(identifier, name, gguf_id, block_length, block_bytes) \
  case Format::identifier:                                           \
    return visit(static_cast<identifier::Slab*>(nullptr), static_cast<identifier::Block*>(nullptr), block_length);
#include "quant/formats.def"
#undef FORMAT
  }
  __builtin_unreachable();
}

}  // namespace

std::size_t panel_bytes(Format format, std::int64_t cols) noexcept {
  return with_types(
      format, [&](auto* slab, auto*, int length) { return static_cast<std::size_t>(cols / length) * sizeof(*slab); });
}

void pack_panel(Format format, const std::byte* first_row, std::size_t row_bytes, int rows, std::int64_t cols,
                std::byte* panel) noexcept {
  // Sixteen rows overwrite every byte of a panel.
  if (rows < kPanelRows) __builtin_memset(panel, 0, panel_bytes(format, cols));
  with_types(format, [&](auto* slab_type, auto* block_type, int length) {
    using Slab = std::remove_pointer_t<decltype(slab_type)>;
    using Block = std::remove_pointer_t<decltype(block_type)>;
    for (std::int64_t b = 0; b < cols / length; ++b) {
      Slab& slab = reinterpret_cast<Slab*>(panel)[b];
      for (int row = 0; row < rows; ++row) {
        const std::byte* from = first_row + static_cast<std::size_t>(row) * row_bytes;
        put_block(slab, row, reinterpret_cast<const Block*>(from)[b]);
      }
    }
  });
}

void unpack_panel_row(Format format, const std::byte* panel, int row, float* values, std::int64_t cols) noexcept {
  // Through the row as it was packed: code for every format only once.
  constexpr std::int64_t kPiece = 256;  // a multiple of every block length
  std::byte packed[kPiece * sizeof(float)];
  for (std::int64_t c = 0; c < cols; c += kPiece) {
    const std::int64_t count = cols - c < kPiece ? cols - c : kPiece;
    restore_panel_row(format, panel + panel_bytes(format, c), row, packed, count);
    unpack_row(format, packed, values + c, count);
  }
}

void restore_panel_row(Format format, const std::byte* panel, int row, std::byte* packed, std::int64_t cols) noexcept {
  with_types(format, [&](auto* slab_type, auto* block_type, int length) {
    using Slab = std::remove_pointer_t<decltype(slab_type)>;
    using Block = std::remove_pointer_t<decltype(block_type)>;
    for (std::int64_t b = 0; b < cols / length; ++b) {
      get_block(reinterpret_cast<const Slab*>(panel)[b], row, reinterpret_cast<Block*>(packed)[b]);
    }
  });
}

}  // namespace brim::quant

// The switch over the formats: loops of each format's unpack() and pack() over a row.
#include "quant/row.hpp"

#include <limits>

#include "quant/formats/all.hpp"

namespace brim::quant {
namespace {

#define FORMAT(identifier, name, gguf_id, block_length, block_bytes)                           \
  static_assert(sizeof(identifier::Block) == block_bytes && alignof(identifier::Block) == 1 && \
                identifier::kLength == block_length);
#include "quant/formats.def"
#undef FORMAT

/// Only F32 and BF16 can hold larger values; the limit keeps the sums of squares in the scale search finite.
constexpr float kLargest = 1e9f;

/// Whether the format of this block has a pack(); like unpack(), it is found in the namespace of the block.
template <class Block>
constexpr bool kPackable = requires(const float* values, Block& block) {
  pack(values, block);
};

/// The blocks are read in place: they have alignment 1 and hold only bytes.
template <class Block>
void unpack_blocks(const std::byte* packed, float* values, std::int64_t count, int length) noexcept {
  const Block* block = reinterpret_cast<const Block*>(packed);
  for (std::int64_t i = 0; i < count; i += length) unpack(*block++, values + i);
}

template <class Block>
void pack_blocks(const float* values, std::byte* packed, std::int64_t count, int length, float largest) noexcept {
  if constexpr (kPackable<Block>) {
    Block* block = reinterpret_cast<Block*>(packed);
    float checked[256];
    for (std::int64_t i = 0; i < count; i += length) {
      for (int j = 0; j < length; ++j) {
        const float value = values[i + j];
        const float limited = value > largest ? largest : value < -largest ? -largest : value;
        checked[j] = value - value == 0 ? limited : 0.0f;  // the difference is NaN unless the value is finite
      }
      pack(checked, *block++);
    }
  }
}

}  // namespace

void unpack_row(Format format, const std::byte* packed, float* values, std::int64_t count) noexcept {
  switch (format) {
#define FORMAT(identifier, name, gguf_id, block_length, block_bytes) \
  case Format::identifier:                                           \
    return unpack_blocks<identifier::Block>(packed, values, count, block_length);
#include "quant/formats.def"
#undef FORMAT
  }
}

bool can_pack(Format format) noexcept {
  switch (format) {
#define FORMAT(identifier, name, gguf_id, block_length, block_bytes) \
  case Format::identifier:                                           \
    return kPackable<identifier::Block>;
#include "quant/formats.def"
#undef FORMAT
  }
  return false;
}

void pack_row(Format format, const float* values, std::byte* packed, std::int64_t count) noexcept {
  const bool wide = format == Format::f32 || format == Format::bf16;
  const float largest = wide ? std::numeric_limits<float>::max() : kLargest;
  switch (format) {
#define FORMAT(identifier, name, gguf_id, block_length, block_bytes) \
  case Format::identifier:                                           \
    return pack_blocks<identifier::Block>(values, packed, count, block_length, largest);
#include "quant/formats.def"
#undef FORMAT
  }
}

}  // namespace brim::quant

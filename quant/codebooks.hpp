// The points from which the IQ1, IQ2 and IQ3 formats choose (codebooks.def), as bytes in the order of their values, and
// the signs that those formats store beside them.
#pragma once

#include <cstdint>

namespace brim::quant {

/// Points one after another, four values to a word, the first value in the lowest byte; signed where levels are.
template <int kWords>
struct Codebook {
  std::uint32_t words[kWords];
};

namespace codebooks {

#define CODEBOOK(identifier, points, values, levels, set) extern const Codebook<(points) * (values) / 4> identifier;
#include "quant/codebooks.def"
#undef CODEBOOK

}  // namespace codebooks

/// The signs of eight values of which seven are stored: the number of negative ones is even.
static inline std::uint8_t even_signs(unsigned seven) noexcept {
  const unsigned folded = seven ^ seven >> 4;
  return static_cast<std::uint8_t>(seven | (0x6996u >> (folded & 15) & 1u) << 7);
}

/// Writes a point of `kCount` values, each negative where its bit of `signs` is set.
template <int kCount>
static inline void unpack_point(const std::uint32_t* point, unsigned signs, float scale, float* values) noexcept {
  for (int i = 0; i < kCount; ++i) {
    const auto level = static_cast<float>(point[i / 4] >> (8 * (i % 4)) & 255u);
    values[i] = scale * level * ((signs >> i & 1u) != 0 ? -1.0f : 1.0f);
  }
}

}  // namespace brim::quant

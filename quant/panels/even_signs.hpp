// The four bytes in which IQ2_XXS and IQ3_XXS keep 28 signs and a scale of four bits, to and from a panel's 32 signs
// and whole bytes.
#pragma once

#include "quant/codebooks.hpp"
#include "quant/panels/lanes.hpp"

namespace brim::quant {

/// Row `row`: writes the signs and returns the scale.
static inline std::uint8_t put_even_signs(BitLanes& lanes, int row, const std::uint8_t* signs_and_scale) noexcept {
  const std::uint32_t word = four(signs_and_scale);
  std::uint8_t signs[4];
  for (int e = 0; e < 4; ++e) signs[e] = even_signs(word >> (7 * e) & 127u);
  put_bits(lanes, row, signs);
  return static_cast<std::uint8_t>(word >> 28);
}
static inline void get_even_signs(const BitLanes& lanes, int row, std::uint8_t scale,
                                  std::uint8_t* signs_and_scale) noexcept {
  std::uint8_t signs[4];
  get_bits(lanes, row, signs);
  std::uint32_t word = static_cast<std::uint32_t>(scale) << 28;
  for (int e = 0; e < 4; ++e) word |= static_cast<std::uint32_t>(signs[e] & 127) << (7 * e);
  __builtin_memcpy(signs_and_scale, &word, sizeof word);
}

}  // namespace brim::quant

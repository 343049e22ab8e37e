// Q4_K: each 32 bytes hold two sub-blocks, the first in the low halves.
#include "kernels/avx2/products.hpp"
#include "kernels/avx2/superblocks.hpp"
#include "quant/formats/q4_k.hpp"

namespace brim::kernels::avx2 {
namespace {

struct Format {
  using Block = quant::q4_k::Block;
  static constexpr bool kSigned = false;
  static constexpr Offsets kOffsets = Offsets::kMinimum;

  const Block& block;
  __m128i six_bits;
  ScalesOf32 sub_scales;

  explicit Format(const Block& from)
      : block(from), six_bits(load_six_bits(from.scales)), sub_scales(_mm_cvtepu8_epi16(six_bits)) {}

  __m256i scales(int part) const { return sub_scales.at(part); }
  __m256i offsets() const { return minimums_of_six_bits(six_bits); }
  float minimum() const { return quant::load(block.super_minimum); }
  __m256i quants(int part) const {
    const __m256i bytes = load_256(block.quants + 32 * (part / 2));
    return _mm256_and_si256(part % 2 == 0 ? bytes : _mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(15));
  }
};

}  // namespace

void product_q4_k(const Product& p) noexcept { walk<Superblocks<Format>>(p); }

}  // namespace brim::kernels::avx2

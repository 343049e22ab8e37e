// Q2_K: levels 0 … 3, a 4-bit scale and minimum for 16 values.
#include "kernels/avx2/products.hpp"
#include "kernels/avx2/superblocks.hpp"
#include "quant/formats/q2_k.hpp"

namespace brim::kernels::avx2 {
namespace {

struct Format {
  using Block = quant::q2_k::Block;
  static constexpr bool kSigned = false;
  static constexpr Offsets kOffsets = Offsets::kMinimum;

  const Block& block;
  __m256i scales_of_16;
  ScalesOf16 sub_scales;

  explicit Format(const Block& from)
      : block(from),
        scales_of_16(_mm256_cvtepu8_epi16(_mm_and_si128(load_128(from.scales), _mm_set1_epi8(15)))),
        sub_scales(scales_of_16) {}

  __m256i scales(int part) const { return sub_scales.at(part); }
  __m256i offsets() const {
    return _mm256_cvtepu8_epi16(_mm_and_si128(_mm_srli_epi16(load_128(block.scales), 4), _mm_set1_epi8(15)));
  }
  float minimum() const { return quant::load(block.super_minimum); }
  __m256i quants(int part) const {
    const __m256i bytes = load_256(block.quants + 32 * (part / 4));
    return _mm256_and_si256(_mm256_srli_epi16(bytes, 2 * (part % 4)), _mm256_set1_epi8(3));
  }
};

}  // namespace

void product_q2_k(const Product& p) noexcept { walk<Superblocks<Format>>(p); }

}  // namespace brim::kernels::avx2

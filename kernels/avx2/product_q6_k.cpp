// Q6_K: levels 0 … 63 stand for -32 … 31; four low bits and two high bits stored separately, a scale per 16 values.
#include "kernels/avx2/products.hpp"
#include "kernels/avx2/superblocks.hpp"
#include "quant/formats/q6_k.hpp"

namespace brim::kernels::avx2 {
namespace {

struct Format {
  using Block = quant::q6_k::Block;
  static constexpr bool kSigned = false;
  static constexpr Offsets kOffsets = Offsets::kOffset;

  const Block& block;
  __m256i scales_of_16;
  ScalesOf16 sub_scales;

  explicit Format(const Block& from)
      : block(from), scales_of_16(_mm256_cvtepi8_epi16(load_128(from.scales))), sub_scales(scales_of_16) {}

  __m256i scales(int part) const { return sub_scales.at(part); }
  __m256i offsets() const { return _mm256_slli_epi16(scales_of_16, 5); }
  __m256i quants(int part) const {
    const int half = part / 4, quarter = part % 4;
    const __m256i bytes = load_256(block.low_bits + 64 * half + 32 * (quarter % 2));
    const __m256i low = _mm256_and_si256(quarter < 2 ? bytes : _mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(15));
    const __m256i pairs = load_256(block.high_bits + 32 * half);
    const __m256i shifted =
        quarter < 2 ? _mm256_slli_epi16(pairs, 4 - 2 * quarter) : _mm256_srli_epi16(pairs, 2 * quarter - 4);
    return _mm256_or_si256(low, _mm256_and_si256(shifted, _mm256_set1_epi8(0x30)));
  }
};

}  // namespace

void product_q6_k(const Product& p) noexcept { walk<Superblocks<Format>>(p); }

}  // namespace brim::kernels::avx2

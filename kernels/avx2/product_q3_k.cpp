// Q3_K: levels 0 … 7 stand for -4 … 3; two low bits and one high bit stored separately, a 6-bit scale per 16 values.
#include "kernels/avx2/products.hpp"
#include "kernels/avx2/superblocks.hpp"
#include "quant/formats/q3_k.hpp"

namespace brim::kernels::avx2 {
namespace {

struct Format {
  using Block = quant::q3_k::Block;
  static constexpr bool kSigned = false;
  static constexpr Offsets kOffsets = Offsets::kOffset;

  const Block& block;
  __m256i scales_of_16;
  ScalesOf16 sub_scales;

  explicit Format(const Block& from) : block(from), scales_of_16(load_scales(from)), sub_scales(scales_of_16) {}

  __m256i scales(int part) const { return sub_scales.at(part); }
  __m256i offsets() const { return _mm256_slli_epi16(scales_of_16, 2); }
  __m256i quants(int part) const {
    const __m256i bytes = load_256(block.quants + 32 * (part / 4));
    const __m256i low = _mm256_and_si256(_mm256_srli_epi16(bytes, 2 * (part % 4)), _mm256_set1_epi8(3));
    const __m256i bit = _mm256_set1_epi8(static_cast<char>(1 << part));
    const __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(load_256(block.high_bits), bit), bit);
    return _mm256_or_si256(low, _mm256_and_si256(set, _mm256_set1_epi8(4)));
  }

  /// 16 scales minus 32: low halves of 8 bytes, then their high halves; the two top bits of each come from four other
  /// bytes.
  static __m256i load_scales(const Block& block) {
    std::uint64_t low;
    std::uint32_t high;
    __builtin_memcpy(&low, block.scales, 8);
    __builtin_memcpy(&high, block.scales + 8, 4);
    const std::uint64_t nibbles = 0x0f0f0f0f0f0f0f0full;
    const std::uint32_t two_bits = 0x03030303u;
    const std::uint64_t first =
        static_cast<std::uint64_t>(high & two_bits) | static_cast<std::uint64_t>(high >> 2 & two_bits) << 32;
    const std::uint64_t last =
        static_cast<std::uint64_t>(high >> 4 & two_bits) | static_cast<std::uint64_t>(high >> 6 & two_bits) << 32;
    const __m128i bytes = _mm_set_epi64x(static_cast<long long>((low >> 4 & nibbles) | last << 4),
                                         static_cast<long long>((low & nibbles) | first << 4));
    return _mm256_sub_epi16(_mm256_cvtepu8_epi16(bytes), _mm256_set1_epi16(32));
  }
};

}  // namespace

void product_q3_k(const Product& p) noexcept { walk<Superblocks<Format>>(p); }

}  // namespace brim::kernels::avx2

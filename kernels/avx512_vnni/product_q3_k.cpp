// Q3_K: levels 0 … 7 stand for -4 … 3; two low bits and one high bit stored separately, a 6-bit scale per 16 values.
#include "kernels/avx512_vnni/products.hpp"
#include "kernels/avx512_vnni/superblocks.hpp"
#include "quant/formats/q3_k.hpp"

namespace brim::kernels::avx512_vnni {
namespace {

struct Format {
  using Block = quant::q3_k::Block;
  static constexpr bool kSigned = true;
  static constexpr bool kWide = false;

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

  static Superblock load(const std::byte* at) {
    const Block& block = *reinterpret_cast<const Block*>(at);
    Superblock out;
    out.scale = quant::load(block.super_scale);
    set_signed_scales<2>(load_scales(block), out);
    const __m512i high_bits = load_twice(block.high_bits);
    for (int i = 0; i < 4; ++i) {
      const __m512i packed = load_twice(block.quants + 32 * (i / 2));
      const __m512i counts = i % 2 == 0 ? two_counts(0, 2) : two_counts(4, 6);
      const __m512i low = _mm512_and_si512(_mm512_srlv_epi16(packed, counts), _mm512_set1_epi8(3));
      const __m512i bit = _mm512_inserti64x4(_mm512_set1_epi8(static_cast<char>(1 << 2 * i)),
                                             _mm256_set1_epi8(static_cast<char>(2 << 2 * i)), 1);
      out.quants[i] = _mm512_mask_add_epi8(low, _mm512_test_epi8_mask(high_bits, bit), low, _mm512_set1_epi8(4));
    }
    return out;
  }
};

}  // namespace

void product_q3_k(const Product& p) noexcept { walk<Superblocks<Format>>(p); }

}  // namespace brim::kernels::avx512_vnni

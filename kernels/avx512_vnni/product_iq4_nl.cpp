// IQ4_NL: as Q4_0, with levels from a table, stored here as level + 128.
#include "kernels/avx512_vnni/blocks.hpp"
#include "kernels/avx512_vnni/products.hpp"
#include "quant/formats/iq4_nl.hpp"

namespace brim::kernels::avx512_vnni {
namespace {

constexpr Words kQuants = block_words(9, 1, 0, 4);
constexpr Words kScales = repeated_words(9, 0, 4, 4);

struct Format {
  using Block = quant::iq4_nl::Block;
  static constexpr bool kMinimum = false;
  static constexpr int kOffsetShift = 7;

  static FourBlocks load(const std::byte* at) {
    const __m512i first = load_512(at);
    const __m512i second = load_512(at + 8);
    const __m512i nibbles = pick(first, kQuants, second);
    const __m128i codebook = _mm_loadu_si128(reinterpret_cast<const __m128i*>(quant::iq4_nl::kCodebook));
    const __m512i levels = _mm512_xor_si512(_mm512_broadcast_i32x4(codebook), _mm512_set1_epi8(-128));
    return {_mm512_shuffle_epi8(levels, low_nibbles(nibbles)), _mm512_shuffle_epi8(levels, high_nibbles(nibbles)),
            pick_halves(first, kScales, second), _mm512_setzero_ps()};
  }
};

}  // namespace

void product_iq4_nl(const Product& p) noexcept { walk<Blocks<Format>>(p); }

}  // namespace brim::kernels::avx512_vnni

// Q8_0: seventeen words per block: scale, quants; the quants are stored here as quant + 128.
#include "kernels/avx512_vnni/blocks.hpp"
#include "kernels/avx512_vnni/products.hpp"
#include "quant/formats/q8_0.hpp"

namespace brim::kernels::avx512_vnni {
namespace {

// Two registers begin at the block; two more reach the last words of the fourth block.
constexpr Words kFirst = block_words(17, 1, 0, 32);
constexpr Words kLast = block_words(17, 9, 9, 36);
constexpr Words kScales = repeated_words(17, 0, 32, 4);

struct Format {
  using Block = quant::q8_0::Block;
  static constexpr bool kMinimum = false;
  static constexpr int kOffsetShift = 7;

  static FourBlocks load(const std::byte* at) {
    const __m512i first = load_512(at);
    const __m512i second = load_512(at + 64);
    const __m512i sign = _mm512_set1_epi8(-128);
    return {_mm512_xor_si512(pick(first, kFirst, second), sign),
            _mm512_xor_si512(pick(load_512(at + 18), kLast, load_512(at + 72)), sign),
            pick_halves(first, kScales, second), _mm512_setzero_ps()};
  }
};

}  // namespace

void product_q8_0(const Product& p) noexcept { walk<Blocks<Format>>(p); }

}  // namespace brim::kernels::avx512_vnni

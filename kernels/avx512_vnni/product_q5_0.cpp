// Q5_0: eleven words per block: scale, two words of fifth bits, quants; levels 0 … 31 stand for -16 … 15.
#include "kernels/avx512_vnni/blocks.hpp"
#include "kernels/avx512_vnni/products.hpp"
#include "quant/formats/q5_0.hpp"

namespace brim::kernels::avx512_vnni {
namespace {

constexpr Words kQuants = block_words(11, 3, 0, 12);
constexpr Words kScales = repeated_words(11, 0, 12, 4);
constexpr Words kFirstBits = repeated_words(11, 1, 12, 8);
constexpr Words kLastBits = repeated_words(11, 2, 12, 8);

struct Format {
  using Block = quant::q5_0::Block;
  static constexpr bool kMinimum = false;
  static constexpr int kOffsetShift = 4;

  static FourBlocks load(const std::byte* at) {
    const __m512i first = load_512(at);
    const __m512i second = load_512(at + 24);
    const __m512i nibbles = pick(first, kQuants, second);
    return {add_fifth_bits(low_nibbles(nibbles), pick(first, kFirstBits, second)),
            add_fifth_bits(high_nibbles(nibbles), pick(first, kLastBits, second)), pick_halves(first, kScales, second),
            _mm512_setzero_ps()};
  }
};

}  // namespace

void product_q5_0(const Product& p) noexcept { walk<Blocks<Format>>(p); }

}  // namespace brim::kernels::avx512_vnni

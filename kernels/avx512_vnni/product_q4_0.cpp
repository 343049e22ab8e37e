// Q4_0: nine words per block, the first is its scale; levels 0 … 15 stand for -8 … 7.
#include "kernels/avx512_vnni/blocks.hpp"
#include "kernels/avx512_vnni/products.hpp"
#include "quant/formats/q4_0.hpp"

namespace brim::kernels::avx512_vnni {
namespace {

constexpr Words kQuants = block_words(9, 1, 0, 4);
constexpr Words kScales = repeated_words(9, 0, 4, 4);

struct Format {
  using Block = quant::q4_0::Block;
  static constexpr bool kMinimum = false;
  static constexpr int kOffsetShift = 3;

  static FourBlocks load(const std::byte* at) {
    const __m512i first = load_512(at);
    const __m512i second = load_512(at + 8);
    const __m512i nibbles = pick(first, kQuants, second);
    return {low_nibbles(nibbles), high_nibbles(nibbles), pick_halves(first, kScales, second), _mm512_setzero_ps()};
  }
};

}  // namespace

void product_q4_0(const Product& p) noexcept { walk<Blocks<Format>>(p); }

}  // namespace brim::kernels::avx512_vnni

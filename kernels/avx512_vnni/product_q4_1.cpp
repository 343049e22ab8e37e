// Q4_1: ten words per block: scale, minimum, quants.
#include "kernels/avx512_vnni/blocks.hpp"
#include "kernels/avx512_vnni/products.hpp"
#include "quant/formats/q4_1.hpp"

namespace brim::kernels::avx512_vnni {
namespace {

constexpr Words kQuants = block_words(10, 2, 0, 8);
constexpr Words kScales = repeated_words(10, 0, 8, 4);
constexpr Words kMinimums = repeated_words(10, 1, 8, 4);

struct Format {
  using Block = quant::q4_1::Block;
  static constexpr bool kMinimum = true;

  static FourBlocks load(const std::byte* at) {
    const __m512i first = load_512(at);
    const __m512i second = load_512(at + 16);
    const __m512i nibbles = pick(first, kQuants, second);
    return {low_nibbles(nibbles), high_nibbles(nibbles), pick_halves(first, kScales, second),
            pick_halves(first, kMinimums, second)};
  }
};

}  // namespace

void product_q4_1(const Product& p) noexcept { walk<Blocks<Format>>(p); }

}  // namespace brim::kernels::avx512_vnni

// Q5_1: twelve words per block: scale, minimum, two words of fifth bits, quants.
#include "kernels/avx512_vnni/blocks.hpp"
#include "kernels/avx512_vnni/products.hpp"
#include "quant/formats/q5_1.hpp"

namespace brim::kernels::avx512_vnni {
namespace {

constexpr Words kQuants = block_words(12, 4, 0, 16);
constexpr Words kScales = repeated_words(12, 0, 16, 4);
constexpr Words kMinimums = repeated_words(12, 1, 16, 4);
constexpr Words kFirstBits = repeated_words(12, 2, 16, 8);
constexpr Words kLastBits = repeated_words(12, 3, 16, 8);

struct Format {
  using Block = quant::q5_1::Block;
  static constexpr bool kMinimum = true;

  static FourBlocks load(const std::byte* at) {
    const __m512i first = load_512(at);
    const __m512i second = load_512(at + 32);
    const __m512i nibbles = pick(first, kQuants, second);
    return {add_fifth_bits(low_nibbles(nibbles), pick(first, kFirstBits, second)),
            add_fifth_bits(high_nibbles(nibbles), pick(first, kLastBits, second)), pick_halves(first, kScales, second),
            pick_halves(first, kMinimums, second)};
  }
};

}  // namespace

void product_q5_1(const Product& p) noexcept { walk<Blocks<Format>>(p); }

}  // namespace brim::kernels::avx512_vnni

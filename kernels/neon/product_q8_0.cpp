// Q8_0: signed levels as they are.
#include "kernels/neon/blocks.hpp"
#include "kernels/neon/products.hpp"
#include "quant/formats/q8_0.hpp"

namespace brim::kernels::neon {
namespace {

struct Format {
  using Block = quant::q8_0::Block;
  static constexpr bool kSmall = false;
  static constexpr bool kMinimum = false;

  static Levels levels(const Block& block) {
    const auto* quants = reinterpret_cast<const std::int8_t*>(block.quants);
    return {vld1q_s8(quants), vld1q_s8(quants + 16)};
  }
};

}  // namespace

void product_q8_0(const Product& p) noexcept { walk<Blocks<Format>>(p); }

}  // namespace brim::kernels::neon

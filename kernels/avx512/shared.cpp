// What this set takes from kernels/shared/: float products, preparation, attention, norm, softmax, activations, rotation.
#include "kernels/avx512/shared.hpp"

#include "kernels/avx512/vector.hpp"
// After vector.hpp, which brings xsimd.
#include "kernels/shared/attention.ipp"
#include "kernels/shared/elementwise.ipp"
#include "kernels/shared/float_products.ipp"
#include "kernels/shared/panel_floats.ipp"
#include "kernels/shared/prepare.ipp"

namespace brim::kernels::avx512 {
namespace {

template <quant::Format kFormat>
void float_product(const Product& p) noexcept {
  walk<FloatProduct<Vector, kFormat>>(p);
}

}  // namespace

void fill_shared(Table& table) {
  table.product[static_cast<int>(quant::Format::f32)] = float_product<quant::Format::f32>;
  table.product[static_cast<int>(quant::Format::f16)] = float_product<quant::Format::f16>;
  table.product[static_cast<int>(quant::Format::bf16)] = float_product<quant::Format::bf16>;
  fill_panel_floats<Vector>(table);
  fill_prepare(table);
  fill_attention_from<Vector>(table);
  Elementwise<Vector>::fill(table);
}

}  // namespace brim::kernels::avx512

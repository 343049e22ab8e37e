// Everything in this folder that a set instantiates with its own Vector: float products, preparation, attention, norm,
// softmax, activations, rotation, recurrences.
#pragma once

#include "kernels/shared/attention.ipp"
#include "kernels/shared/elementwise.ipp"
#include "kernels/shared/float_products.ipp"
#include "kernels/shared/panel_floats.ipp"
#include "kernels/shared/prepare.ipp"
#include "kernels/shared/recurrence.ipp"
#include "kernels/shared/recurrence_blocks.ipp"

namespace brim::kernels {
namespace {

template <class Vector, quant::Format kFormat>
void float_product(const Product& p) noexcept {
  walk<FloatProduct<Vector, kFormat>>(p);
}

template <class Vector>
void fill_shared_from(Table& table) {
  table.product[static_cast<int>(quant::Format::f32)] = float_product<Vector, quant::Format::f32>;
  table.product[static_cast<int>(quant::Format::f16)] = float_product<Vector, quant::Format::f16>;
  table.product[static_cast<int>(quant::Format::bf16)] = float_product<Vector, quant::Format::bf16>;
  fill_panel_floats<Vector>(table);
  fill_prepare(table);
  fill_attention_from<Vector>(table);
  Elementwise<Vector>::fill(table);
  Recurrent<Vector>::fill(table);
  BlockedRecurrence<Vector>::fill(table);
}

}  // namespace
}  // namespace brim::kernels

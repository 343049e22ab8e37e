// Products of every quantised format's panels, eight rows per register.
#include "kernels/avx_vnni/lanes.hpp"
#include "kernels/avx_vnni/products.hpp"
#include "kernels/shared/panel_bytes.ipp"

namespace brim::kernels::avx_vnni {

void fill_panels(Table& table) {
  fill_panel_products<Lanes>(table);
  fill_byte_products<Lanes>(table);
  const auto entry = [&](quant::Format format, void (*function)(const PanelProduct&) noexcept) {
    table.panel_product[static_cast<int>(format)] = function;
  };
  using quant::Format;
  entry(Format::q5_0, PanelKernel<KeepingLanes, PanelQ5_0<KeepingLanes>>::product);
  entry(Format::q5_1, PanelKernel<KeepingLanes, PanelQ5_1<KeepingLanes>>::product);
  entry(Format::q5_k, PanelKernel<KeepingLanes, PanelQ5K<KeepingLanes>>::product);
  entry(Format::q6_k, PanelKernel<KeepingLanes, PanelQ6K<KeepingLanes>>::product);
  entry(Format::q3_k, PanelKernel<KeepingLanes, PanelQ3K<KeepingLanes>>::product);
}

}  // namespace brim::kernels::avx_vnni

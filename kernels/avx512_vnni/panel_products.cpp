// Products of every quantised format's panels, sixteen rows per register.
#include "kernels/avx512_vnni/lanes.hpp"
#include "kernels/avx512_vnni/products.hpp"
#include "kernels/shared/panel_bytes.ipp"

namespace brim::kernels::avx512_vnni {

void fill_panels(Table& table) {
  fill_panel_products<Lanes>(table);
  fill_byte_products<Lanes>(table);
}

}  // namespace brim::kernels::avx512_vnni

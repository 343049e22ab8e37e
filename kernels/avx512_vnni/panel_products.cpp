// Products of every quantised format's panels, sixteen rows per register.
#include "kernels/shared/panel_products.ipp"
#include "kernels/avx512_vnni/lanes.hpp"
#include "kernels/avx512_vnni/products.hpp"

namespace brim::kernels::avx512_vnni {

void fill_panels(Table& table) { fill_panel_products<Lanes>(table); }

}  // namespace brim::kernels::avx512_vnni

// Products of every quantised format's panels, four rows per register.
#include "kernels/neon_dotprod/lanes.hpp"
#include "kernels/neon_dotprod/products.hpp"
#include "kernels/shared/panel_bytes.ipp"

namespace brim::kernels::neon_dotprod {

void fill_panels(Table& table) {
  fill_panel_products<Lanes>(table);
  fill_byte_products<Lanes>(table);
}

}  // namespace brim::kernels::neon_dotprod

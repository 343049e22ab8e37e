// Products of every quantised format's panels, four rows per register.
#include "kernels/neon/lanes.hpp"
#include "kernels/neon/products.hpp"
#include "kernels/shared/panel_bytes.ipp"

namespace brim::kernels::neon {

void fill_panels(Table& table) {
  fill_panel_products<Lanes>(table);
  fill_byte_products<Lanes>(table);
}

}  // namespace brim::kernels::neon

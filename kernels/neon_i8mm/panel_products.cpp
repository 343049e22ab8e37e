// Products of every quantised format's panels, four rows per register.
#include "kernels/shared/panel_products.ipp"
#include "kernels/neon_i8mm/lanes.hpp"
#include "kernels/neon_i8mm/products.hpp"

namespace brim::kernels::neon_i8mm {

void fill_panels(Table& table) { fill_panel_products<Lanes>(table); }

}  // namespace brim::kernels::neon_i8mm

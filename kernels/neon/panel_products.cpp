// Products of every quantised format's panels, four rows per register.
#include "kernels/shared/panel_products.ipp"
#include "kernels/neon/lanes.hpp"
#include "kernels/neon/products.hpp"

namespace brim::kernels::neon {

void fill_panels(Table& table) { fill_panel_products<Lanes>(table); }

}  // namespace brim::kernels::neon

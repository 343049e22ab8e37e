// Products of every quantised format's panels, eight rows per register.
#include "kernels/avx2/lanes.hpp"
#include "kernels/avx2/products.hpp"
#include "kernels/shared/panel_bytes.ipp"

namespace brim::kernels::avx2 {

void fill_panels(Table& table) {
  fill_panel_products<Lanes>(table, Activation::q16_words);
  fill_byte_products<Lanes>(table, Activation::q16_words);
}

}  // namespace brim::kernels::avx2

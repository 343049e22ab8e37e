// Products of every quantised format's panels, sixteen rows per register.
#include "kernels/avx512/lanes.hpp"
#include "kernels/avx512/products.hpp"
#include "kernels/shared/panel_bytes.ipp"

namespace brim::kernels::avx512 {

void fill_panels(Table& table) {
  fill_panel_products<Lanes>(table, Activation::q16_words);
  fill_byte_products<Lanes>(table, Activation::q16_words);
}

}  // namespace brim::kernels::avx512

// generic: plain C++ with double accumulators, the reference result for every other set. Fills every entry, by
// templates over the formats. Compiled for the base machine of the CPU family.
#include "kernels/generic/fill.hpp"

namespace brim::kernels::generic {

void fill(Table& table);

void fill(Table& table) {
  fill_products(table);
  fill_attention(table);
  fill_elementwise(table);
  fill_recurrence(table);
  fill_peak(table);
}

}  // namespace brim::kernels::generic

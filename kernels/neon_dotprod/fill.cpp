// NEON with dot products (Cortex-A76 and later, optional from Armv8.2 on): the products of quantised panels
// and of keys in levels. Products of rows as they lie in a file, float products and everything else stay with plain NEON.
#include "kernels/neon_dotprod/attention.hpp"
#include "kernels/neon_dotprod/products.hpp"

namespace brim::kernels::neon_dotprod {

void fill(Table& table);

void fill(Table& table) {
  fill_attention(table);
  fill_panels(table);
  table.int8_operations = int8_operations;
}

}  // namespace brim::kernels::neon_dotprod

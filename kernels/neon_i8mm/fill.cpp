// NEON with 8-bit matrix products (Neoverse V1, Cortex-A710, Apple M2 and later): the products of quantised panels.
#include "kernels/neon_i8mm/products.hpp"

namespace brim::kernels::neon_i8mm {

void fill(Table& table);

void fill(Table& table) {
  fill_panels(table);
  table.int8_operations = int8_operations;
}

}  // namespace brim::kernels::neon_i8mm

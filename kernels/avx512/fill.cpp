// AVX-512 without VNNI (Skylake-X, Cascade Lake's elders): everything 16 floats wide, panels by 16-bit multiplies. Products
// of rows stay AVX2's.
#include "kernels/avx512/products.hpp"
#include "kernels/avx512/shared.hpp"

namespace brim::kernels::avx512 {

void fill(Table& table);

void fill(Table& table) {
  fill_shared(table);
  fill_panels(table);
  table.int8_operations = int8_operations;
}

}  // namespace brim::kernels::avx512

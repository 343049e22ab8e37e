// AVX-512 without VNNI (Skylake-X, the predecessors of Cascade Lake): everything 16 floats wide, panels by 16-bit
// multiplies. Products of rows still use the AVX2 kernels.
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

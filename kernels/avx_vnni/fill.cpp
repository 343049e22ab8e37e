// AVX-VNNI (Alder Lake, Zen 5 and later, and their laptops without AVX-512): vpdpbusd on eight rows of a panel; the
// rest comes from AVX2.
#include "kernels/avx_vnni/products.hpp"

namespace brim::kernels::avx_vnni {

void fill(Table& table);

void fill(Table& table) {
  fill_panels(table);
  table.int8_operations = int8_operations;
}

}  // namespace brim::kernels::avx_vnni

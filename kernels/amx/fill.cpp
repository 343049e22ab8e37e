// AMX with int8 and bf16 tiles (Sapphire Rapids and later).
#include "kernels/amx/products.hpp"

namespace brim::kernels::amx {

void fill(Table& table);

void fill(Table& table) {
  fill_gemm(table);
  table.int8_operations = int8_operations;
}

}  // namespace brim::kernels::amx

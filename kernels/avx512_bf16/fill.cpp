// AVX-512 with bf16 products (Cooper Lake, Zen 4 and later).
#include "kernels/avx512_bf16/products.hpp"

namespace brim::kernels::avx512_bf16 {

void fill(Table& table);

void fill(Table& table) {
  table.prepare[static_cast<int>(Activation::bf16)] = prepare;
  fill_gemm(table);
}

}  // namespace brim::kernels::avx512_bf16

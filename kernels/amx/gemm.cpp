// Products with many tokens by tdpbf16ps.
#include "kernels/amx/instructions.hpp"
#include "kernels/amx/products.hpp"
#include "kernels/amx/tiles.hpp"
#include "kernels/avx512_bf16/lanes.hpp"

namespace brim::kernels::amx {

void fill_gemm(Table& table) {
  fill_gemm_bf16<Tiles<Instructions>, avx512_bf16::Lanes>(table);
  fill_gemm_quantised<Tiles<Instructions>, avx512_bf16::Lanes>(table);
}

}  // namespace brim::kernels::amx

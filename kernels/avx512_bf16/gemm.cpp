// Products of BF16 weights with many tokens by vdpbf16ps, and the activations for them.
#include "kernels/avx512_bf16/lanes.hpp"
#include "kernels/avx512_bf16/products.hpp"
#include "kernels/avx512_bf16/tiles.hpp"

namespace brim::kernels::avx512_bf16 {

void prepare(const float* values, std::int64_t cols, std::byte* out) noexcept {
  for (; cols > 0; cols -= 32, values += 32, out += 64) {
    const auto mask = cols >= 32 ? ~std::uint32_t{0} : (std::uint32_t{1} << cols) - 1;
    const __m512 first = _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask), values);
    const __m512 last = _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask >> 16), values + 16);
    _mm512_storeu_si512(out, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(last, first)));
  }
}

/// Quantised formats have no entry: vdpbf16ps is not faster than two 8-bit terms (docs/decisions/0010), which are
/// exact.
void fill_gemm(Table& table) { fill_gemm_bf16<Tiles, Lanes>(table); }

}  // namespace brim::kernels::avx512_bf16

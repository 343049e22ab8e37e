// Tiles in ordinary registers: the sums of eight tokens with sixteen rows of each of two panels. vdpbf16ps adds one
// pair of columns.
#pragma once

#include <immintrin.h>

#include "kernels/shared/gemm.ipp"

namespace brim::kernels::avx512_bf16 {
namespace {

struct Tiles {
  static constexpr std::int64_t kDepth = 1024;  ///< measured: 512 is 3 % slower, 256 12 %
  struct Session {};

  template <int kDeep, int kWide>
  static void multiply(const TileBlock& block) {
    for (int d = 0; d < kDeep; ++d) {
      for (int token = 0; token < 16; token += kTokens) some_tokens<kWide>(block, d, token);
    }
  }

 private:
  static constexpr int kTokens = 8;

  template <int kWide>
  static void some_tokens(const TileBlock& block, int tile, int token) {
    const std::byte* x = block.tokens[tile] + static_cast<std::size_t>(token) * block.token_stride;
    __m512 sums[kWide][kTokens];
    for_constants<0, kWide * kTokens>([&](auto index) __attribute__((always_inline)) {
      constexpr int w = decltype(index)::value / kTokens, t = decltype(index)::value % kTokens;
      const TileBlock::Sums& place = block.sums[tile][w];
      sums[w][t] = block.first ? _mm512_setzero_ps() : _mm512_loadu_ps(place.at + (token + t) * place.stride);
    });
    for (std::int64_t at = 0; at < block.steps * 16; ++at) {
      __m512bh weights[kWide];
      for (int w = 0; w < kWide; ++w) {
        weights[w] = reinterpret_cast<__m512bh>(_mm512_loadu_si512(block.weights[w] + at * 64));
      }
      for_constants<0, kTokens>([&](auto index) __attribute__((always_inline)) {
        constexpr int t = decltype(index)::value;
        int pair;
        __builtin_memcpy(&pair, x + static_cast<std::size_t>(t) * block.token_stride + at * 4, 4);
        const auto both = reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair));
        for (int w = 0; w < kWide; ++w) sums[w][t] = _mm512_dpbf16_ps(sums[w][t], weights[w], both);
      });
    }
    for_constants<0, kWide * kTokens>([&](auto index) __attribute__((always_inline)) {
      constexpr int w = decltype(index)::value / kTokens, t = decltype(index)::value % kTokens;
      const TileBlock::Sums& place = block.sums[tile][w];
      _mm512_storeu_ps(place.at + (token + t) * place.stride, sums[w][t]);
    });
  }
};

}  // namespace
}  // namespace brim::kernels::avx512_bf16

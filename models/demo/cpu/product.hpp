// Dense products in bfloat16 with 32-bit sums, for AVX-512 with BF16: what the demo model's training spends its time on.
//
// One tile of 8 rows × 32 columns stays in registers while it walks along K, two values of K an instruction. Operands are
// therefore arrays of pairs (two neighbours along K in one 32-bit word). A is read with free strides; B lies in panels of
// 32 columns: [N/32][K/2][32] pairs. M is a multiple of 8, N of 32, K of 2. Where it sits: below attention.hpp and step.cpp.
#pragma once
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace demo {

using Pair = uint32_t;
using Bf16 = uint16_t;

inline const Pair* pairs(const Bf16* values) { return reinterpret_cast<const Pair*>(values); }
inline __m512 widen(const Bf16* values) {
  return _mm512_castsi512_ps(
      _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(values))), 16));
}
inline void narrow(Bf16* values, __m512 first) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(values), (__m256i)_mm512_cvtneps_pbh(first));
}

/// Where A's pair (row, k) lies: data[row * row_step + k * pair_step].
struct Left {
  const Pair* data;
  size_t row_step;
  size_t pair_step;
};
inline Left rows_of(const Bf16* values, size_t columns) { return {pairs(values), columns / 2, 1}; }

/// What becomes of a tile's row: out(row, column, first 16 sums, second 16 sums).
struct StoreFloat {
  float* c;
  size_t columns;
  void operator()(size_t row, size_t column, __m512 a, __m512 b) const {
    float* to = c + row * columns + column;
    _mm512_storeu_ps(to, a);
    _mm512_storeu_ps(to + 16, b);
  }
};
struct AddFloat {
  float* c;
  size_t columns;
  void operator()(size_t row, size_t column, __m512 a, __m512 b) const {
    float* to = c + row * columns + column;
    _mm512_storeu_ps(to, _mm512_add_ps(_mm512_loadu_ps(to), a));
    _mm512_storeu_ps(to + 16, _mm512_add_ps(_mm512_loadu_ps(to + 16), b));
  }
};
/// c = base + product: a residual connection.
struct Residual {
  const float* base;
  float* c;
  size_t columns;
  void operator()(size_t row, size_t column, __m512 a, __m512 b) const {
    const size_t at = row * columns + column;
    _mm512_storeu_ps(c + at, _mm512_add_ps(_mm512_loadu_ps(base + at), a));
    _mm512_storeu_ps(c + at + 16, _mm512_add_ps(_mm512_loadu_ps(base + at + 16), b));
  }
};
struct StoreBf16 {
  Bf16* c;
  size_t columns;
  void operator()(size_t row, size_t column, __m512 a, __m512 b) const {
    _mm512_storeu_si512(c + row * columns + column, (__m512i)_mm512_cvtne2ps_pbh(b, a));
  }
};

/// One tile: sums over `depth` pairs. `panel` is [depth][32].
template <class Out>
inline void tile(Left a, const Pair* panel, size_t depth, size_t row, size_t column, const Out& out) {
  __m512 sums[8][2];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) sums[i][0] = sums[i][1] = _mm512_setzero_ps();
  const Pair* left = a.data + row * a.row_step;
  for (size_t k = 0; k < depth; ++k) {
    const auto b0 = (__m512bh)_mm512_loadu_si512(panel + k * 32);
    const auto b1 = (__m512bh)_mm512_loadu_si512(panel + k * 32 + 16);
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) {
      const auto value = (__m512bh)_mm512_set1_epi32(static_cast<int>(left[i * a.row_step + k * a.pair_step]));
      sums[i][0] = _mm512_dpbf16_ps(sums[i][0], value, b0);
      sums[i][1] = _mm512_dpbf16_ps(sums[i][1], value, b1);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) out(row + i, column, sums[i][0], sums[i][1]);
}

/// A [m × 2·depth] times the panels of B [2·depth × n]; `panel_step` is the distance of panels in pairs (0: packed).
template <class Out>
void multiply(Left a, size_t m, const Pair* b, size_t depth, size_t n, const Out& out, size_t panel_step = 0) {
  constexpr size_t kRows = 256;  // of A, that stay in the second-level cache while the panels pass by
  if (panel_step == 0) panel_step = depth * 32;
  for (size_t start = 0; start < m; start += kRows) {
    const size_t stop = start + kRows < m ? start + kRows : m;
    for (size_t column = 0; column < n; column += 32) {
      for (size_t row = start; row < stop; row += 8) tile(a, b + column / 32 * panel_step, depth, row, column, out);
    }
  }
}

/// Neighbouring rows' values as pairs: 32 of each become 32 pairs in two registers.
struct Interleaved {
  __m512i low, high;
  Interleaved(const Bf16* even_row, const Bf16* odd_row) {
    alignas(64) static const uint16_t kLow[32] = {0, 32, 1, 33, 2,  34, 3,  35, 4,  36, 5,  37, 6,  38, 7,  39,
                                                  8, 40, 9, 41, 10, 42, 11, 43, 12, 44, 13, 45, 14, 46, 15, 47};
    const __m512i index = _mm512_load_si512(kLow);
    const __m512i even = _mm512_loadu_si512(even_row);
    const __m512i odd = _mm512_loadu_si512(odd_row);
    low = _mm512_permutex2var_epi16(even, index, odd);
    high = _mm512_permutex2var_epi16(even, _mm512_add_epi16(index, _mm512_set1_epi16(16)), odd);
  }
};

/// Panels of B from its rows: B(k, n) = rows[k * step + n]. A panel is written from end to end before the next one.
inline void pack_rows(const Bf16* rows, size_t step, size_t k, size_t n, Pair* panels) {
  for (size_t column = 0; column < n; column += 32) {
    Pair* to = panels + column * (k / 2);
    for (size_t row = 0; row < k; row += 2, to += 32) {
      const Interleaved both(rows + row * step + column, rows + (row + 1) * step + column);
      _mm512_storeu_si512(to, both.low);
      _mm512_storeu_si512(to + 16, both.high);
    }
  }
}

/// Panels of the transposed matrix: B(k, n) = rows[n * step + k].
inline void pack_transposed(const Bf16* rows, size_t step, size_t k, size_t n, Pair* panels) {
  const __m512i index = _mm512_mullo_epi32(
      _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0), _mm512_set1_epi32(static_cast<int>(step / 2)));
  for (size_t column = 0; column < n; column += 16) {
    const Pair* from = pairs(rows + column * step);
    Pair* to = panels + column / 32 * (k / 2) * 32 + column % 32;
    for (size_t pair = 0; pair < k / 2; ++pair) {
      _mm512_storeu_si512(to + pair * 32, _mm512_i32gather_epi32(index, from + pair, 4));
    }
  }
}

/// The left operand of a product over tokens, Xᵀ·Y: from X [k × m] by rows to panels [m/8][k/2][8] of pairs.
inline void pack_left(const Bf16* rows, size_t k, size_t m, Pair* panels) {
  for (size_t column = 0; column < m; column += 32) {
    for (size_t row = 0; row < k; row += 2) {
      const Interleaved both(rows + row * m + column, rows + (row + 1) * m + column);
      auto* to = reinterpret_cast<__m256i*>(panels + column * (k / 2) + row * 4);
      _mm256_storeu_si256(to, _mm512_castsi512_si256(both.low));
      _mm256_storeu_si256(to + k / 2, _mm512_extracti64x4_epi64(both.low, 1));
      _mm256_storeu_si256(to + k, _mm512_castsi512_si256(both.high));
      _mm256_storeu_si256(to + k / 2 * 3, _mm512_extracti64x4_epi64(both.high, 1));
    }
  }
}

/// c [m × n] += Xᵀ·Y for X [tokens × m] and Y [tokens × n], both by rows: the gradient of a weight matrix. `left` and `right`
/// are scratch of 512·m/2 and 512·n/2 pairs.
inline void add_outer(const Bf16* x, size_t m, const Bf16* y, size_t n, size_t tokens, Pair* left, Pair* right, float* c) {
  constexpr size_t kTokens = 512;  // at a time: the panels then stay in the second-level cache
  for (size_t start = 0; start < tokens; start += kTokens) {
    const size_t count = start + kTokens < tokens ? kTokens : tokens - start;
    pack_left(x + start * m, count, m, left);
    pack_rows(y + start * n, n, count, n, right);
    constexpr size_t kRows = 64;
    for (size_t block = 0; block < m; block += kRows) {
      for (size_t column = 0; column < n; column += 32) {
        for (size_t row = block; row < block + kRows && row < m; row += 8) {
          tile({left + row / 8 * (count / 2) * 8, 1, 8}, right + column / 32 * (count / 2) * 32, count / 2, 0, column,
               AddFloat{c + row * n, n});
        }
      }
    }
  }
}

}  // namespace demo

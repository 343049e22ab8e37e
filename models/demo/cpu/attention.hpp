// Causal attention of one sequence, forward and backward, in blocks of 64 × 64 scores: nothing of size n² is kept.
//
// The forward pass keeps the logarithm of each row's sum; the backward pass computes the scores again from it (the scheme of
// FlashAttention, Dao 2022). Rows of q, k, v lie side by side ("qkv", row length (heads + 2·kv_heads)·32), queries and keys
// already rotated. Where it sits: above product.hpp, below step.cpp. Heads have 32 values; n is a multiple of 64.
#pragma once
#include <cstring>
#include <vector>

#include "product.hpp"
#include "rows.hpp"

namespace demo {

constexpr size_t kHead = 32;   // values of a head
constexpr size_t kBlock = 64;  // queries and keys of one tile of scores
constexpr size_t kFirst = 4;   // entries that a narrowed sequence keeps besides the latest

struct AttentionShape {
  size_t heads, kv_heads;
  size_t row() const { return (heads + 2 * kv_heads) * kHead; }
};

/// Buffers of one thread for sequences of up to n tokens.
struct AttentionScratch {
  std::vector<Pair> keys_across, keys, values_down, queries_across, queries, grads_across, grads;
  std::vector<float> dq, dk, dv, along;
  explicit AttentionScratch(size_t n)
      : keys_across(n * 16), keys(n * 16), values_down(n * 16), queries_across(n * 16), queries(n * 16), grads_across(n * 16),
        grads(n * 16), dq(n * kHead), dk(n * kHead), dv(n * kHead), along(n) {}
};

/// Whether the queries of block `first` see only kFirst entries of block `key`: a narrowed sequence keeps those, its own block
/// and the one before.
inline bool clipped(bool narrowed, size_t key, size_t first) { return narrowed && key == 0 && first >= 2 * kBlock; }

/// out [n][heads·32]; sums [heads][n]: log2 of each row's sum of 2^score, scores in units of log2.
inline void attend(const AttentionShape& shape, const Bf16* qkv, size_t n, bool narrowed, AttentionScratch& scratch, Bf16* out,
                   float* sums) {
  const size_t step = shape.row();
  const __m512 unit = _mm512_set1_ps(kLog2E / std::sqrt(static_cast<float>(kHead)));
  alignas(64) float scores[kBlock * kBlock];
  alignas(64) Bf16 weights[kBlock * kBlock];
  alignas(64) float total[kBlock * kHead];
  float highest[kBlock], sum[kBlock];
  for (size_t kv = 0; kv < shape.kv_heads; ++kv) {
    const Bf16* k = qkv + (shape.heads + kv) * kHead;
    const Bf16* v = qkv + (shape.heads + shape.kv_heads + kv) * kHead;
    pack_transposed(k, step, kHead, n, scratch.keys_across.data());
    pack_rows(v, step, n, kHead, scratch.values_down.data());
    const size_t group = shape.heads / shape.kv_heads;
    for (size_t head = kv * group; head < (kv + 1) * group; ++head) {
      const Left q{pairs(qkv + head * kHead), step / 2, 1};
      for (size_t first = 0; first < n; first += kBlock) {
        std::memset(total, 0, sizeof total);
        for (size_t i = 0; i < kBlock; ++i) highest[i] = -1e30f, sum[i] = 0;
        for (size_t key = 0; key <= first; key = clipped(narrowed, key, first) ? first - kBlock : key + kBlock) {
          const Left block{q.data + first * q.row_step, q.row_step, 1};
          multiply(block, kBlock, scratch.keys_across.data() + key * 16, 16, kBlock, StoreFloat{scores, kBlock});
          for (size_t i = 0; i < kBlock; ++i) {
            __m512 s[4];
            for (size_t j = 0; j < 4; ++j) {
              s[j] = _mm512_mul_ps(_mm512_load_ps(scores + i * kBlock + j * 16), unit);
              if (key == first && i < j * 16 + 15) {
                const unsigned seen = i < j * 16 ? 0U : (2U << (i - j * 16)) - 1;
                s[j] = _mm512_mask_mov_ps(_mm512_set1_ps(-1e30f), static_cast<__mmask16>(seen), s[j]);
              } else if (clipped(narrowed, key, first)) {
                const unsigned seen = j == 0 ? (1U << kFirst) - 1 : 0U;
                s[j] = _mm512_mask_mov_ps(_mm512_set1_ps(-1e30f), static_cast<__mmask16>(seen), s[j]);
              }
            }
            const float top =
                _mm512_reduce_max_ps(_mm512_max_ps(_mm512_max_ps(s[0], s[1]), _mm512_max_ps(s[2], s[3])));
            if (top > highest[i]) {
              const float shrink = std::exp2(highest[i] - top);
              highest[i] = top;
              sum[i] *= shrink;
              const __m512 by = _mm512_set1_ps(shrink);
              float* row = total + i * kHead;
              _mm512_store_ps(row, _mm512_mul_ps(_mm512_load_ps(row), by));
              _mm512_store_ps(row + 16, _mm512_mul_ps(_mm512_load_ps(row + 16), by));
            }
            const __m512 shift = _mm512_set1_ps(highest[i]);
            __m512 part = _mm512_setzero_ps();
            for (size_t j = 0; j < 4; ++j) {
              const __m512 power = exp2_of(_mm512_sub_ps(s[j], shift));
              part = _mm512_add_ps(part, power);
              narrow(weights + i * kBlock + j * 16, power);
            }
            sum[i] += _mm512_reduce_add_ps(part);
          }
          multiply(rows_of(weights, kBlock), kBlock, scratch.values_down.data() + key * 16, kBlock / 2, kHead,
                   AddFloat{total, kHead});
        }
        for (size_t i = 0; i < kBlock; ++i) {
          const __m512 by = _mm512_set1_ps(1.0f / sum[i]);
          Bf16* to = out + (first + i) * shape.heads * kHead + head * kHead;
          narrow(to, _mm512_mul_ps(_mm512_load_ps(total + i * kHead), by));
          narrow(to + 16, _mm512_mul_ps(_mm512_load_ps(total + i * kHead + 16), by));
          sums[head * n + first + i] = highest[i] + std::log2(sum[i]);
        }
      }
    }
  }
}

/// dqkv [n][row] from dout [n][heads·32].
inline void attend_back(const AttentionShape& shape, const Bf16* qkv, const Bf16* out, const Bf16* dout, const float* sums,
                        size_t n, bool narrowed, AttentionScratch& scratch, Bf16* dqkv) {
  const size_t step = shape.row();
  const size_t width = shape.heads * kHead;
  const float scale = 1.0f / std::sqrt(static_cast<float>(kHead));
  const __m512 unit = _mm512_set1_ps(kLog2E * scale);
  const __m512 outer = _mm512_set1_ps(scale);
  alignas(64) float scores[kBlock * kBlock], slopes[kBlock * kBlock];
  alignas(64) Bf16 weights[kBlock * kBlock], changes[kBlock * kBlock];
  alignas(64) Pair changes_across[kBlock * kBlock / 2];  // [key pair][query]
  for (size_t kv = 0; kv < shape.kv_heads; ++kv) {
    const Bf16* k = qkv + (shape.heads + kv) * kHead;
    const Bf16* v = qkv + (shape.heads + shape.kv_heads + kv) * kHead;
    pack_rows(k, step, n, kHead, scratch.keys.data());
    std::fill_n(scratch.dk.begin(), n * kHead, 0.0f);
    std::fill_n(scratch.dv.begin(), n * kHead, 0.0f);
    const size_t group = shape.heads / shape.kv_heads;
    for (size_t head = kv * group; head < (kv + 1) * group; ++head) {
      const Bf16* q = qkv + head * kHead;
      const Bf16* d = dout + head * kHead;
      pack_transposed(q, step, kHead, n, scratch.queries_across.data());
      pack_rows(q, step, n, kHead, scratch.queries.data());
      pack_transposed(d, width, kHead, n, scratch.grads_across.data());
      pack_rows(d, width, n, kHead, scratch.grads.data());
      std::fill_n(scratch.dq.begin(), n * kHead, 0.0f);
      for (size_t i = 0; i < n; ++i) {
        const Bf16* o = out + i * width + head * kHead;
        scratch.along[i] = _mm512_reduce_add_ps(_mm512_fmadd_ps(
            widen(o), widen(d + i * width), _mm512_mul_ps(widen(o + 16), widen(d + i * width + 16))));
      }
      for (size_t key = 0; key < n; key += kBlock) {
        const Left k_rows{pairs(k + key * step), step / 2, 1};
        const Left v_rows{pairs(v + key * step), step / 2, 1};
        const size_t end = narrowed && key > 0 ? std::min(n, key + 2 * kBlock) : n;
        for (size_t first = key; first < end; first += kBlock) {
          // Scores and their slopes across: row = key, column = query.
          multiply(k_rows, kBlock, scratch.queries_across.data() + first * 16, 16, kBlock, StoreFloat{scores, kBlock});
          multiply(v_rows, kBlock, scratch.grads_across.data() + first * 16, 16, kBlock, StoreFloat{slopes, kBlock});
          for (size_t i = 0; i < kBlock; i += 2) {
            for (size_t j = 0; j < kBlock; j += 16) {
              const __m512 log_sum = _mm512_loadu_ps(sums + head * n + first + j);
              const __m512 along = _mm512_loadu_ps(scratch.along.data() + first + j);
              __m512 change[2];
              for (size_t odd = 0; odd < 2; ++odd) {
                const size_t at = (i + odd) * kBlock + j;
                __m512 weight = exp2_of(_mm512_fmsub_ps(_mm512_load_ps(scores + at), unit, log_sum));
                if (key == first && j < i + odd) {  // queries before the key do not see it
                  const size_t hidden = i + odd - j < 16 ? i + odd - j : 16;
                  weight = _mm512_maskz_mov_ps(static_cast<__mmask16>(0xffffU << hidden), weight);
                } else if (clipped(narrowed, key, first) && i + odd >= kFirst) {
                  weight = _mm512_setzero_ps();
                }
                narrow(weights + at, weight);
                change[odd] =
                    _mm512_mul_ps(_mm512_mul_ps(weight, _mm512_sub_ps(_mm512_load_ps(slopes + at), along)), outer);
                narrow(changes + at, change[odd]);
              }
              const __m512i even = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(change[0]));
              const __m512i odd = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(change[1]));
              _mm512_store_si512(changes_across + i / 2 * kBlock + j, _mm512_or_si512(even, _mm512_slli_epi32(odd, 16)));
            }
          }
          multiply(rows_of(weights, kBlock), kBlock, scratch.grads.data() + first * 16, kBlock / 2, kHead,
                   AddFloat{scratch.dv.data() + key * kHead, kHead});
          multiply(rows_of(changes, kBlock), kBlock, scratch.queries.data() + first * 16, kBlock / 2, kHead,
                   AddFloat{scratch.dk.data() + key * kHead, kHead});
          multiply(Left{changes_across, 1, kBlock}, kBlock, scratch.keys.data() + key * 16, kBlock / 2, kHead,
                   AddFloat{scratch.dq.data() + first * kHead, kHead});
        }
      }
      for (size_t i = 0; i < n; ++i) narrow_all(scratch.dq.data() + i * kHead, kHead, dqkv + i * step + head * kHead);
    }
    for (size_t i = 0; i < n; ++i) {
      Bf16* row = dqkv + i * step + (shape.heads + kv) * kHead;
      narrow_all(scratch.dk.data() + i * kHead, kHead, row);
      narrow_all(scratch.dv.data() + i * kHead, kHead, row + shape.kv_heads * kHead);
    }
  }
}

}  // namespace demo

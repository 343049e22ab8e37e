// Short causal convolutions and the recurrences of linear attention and of state spaces, written once for every set. A
// Vector (see <set>/vector.hpp) provides Batch, kWidth, load, store and fma. Blocks of tokens: recurrence_blocks.ipp.
//
// A recurrence goes through all tokens with a few columns of the state, which stay in the first-level cache, before it
// takes the next columns. Sums over a column's rows have one order, so every column is computed in the same way wherever
// it lies.
#pragma once

#include "kernels/recurrence.hpp"
#include "kernels/shared/elementwise.ipp"
#include "kernels/shared/math.ipp"
#include "kernels/shared/state_columns.ipp"
#include "kernels/table.hpp"

namespace brim::kernels {
namespace {

template <class Vector>
struct Recurrent {
  using Batch = typename Vector::Batch;
  using Columns = StateColumns<Vector>;
  static constexpr int kWidth = Vector::kWidth;

  static void causal_convolution(const CausalConvolution& c) noexcept {
    std::int64_t i = 0;
    for (; i + kWidth <= c.size; i += kWidth) {
      Batch sum = c.bias != nullptr ? Vector::load(c.bias + i) : Batch(0.0f);
      for (int j = 0; j < c.taps; ++j) {
        sum = Vector::fma(Vector::load(c.weights + j * c.weight_stride + i), Vector::load(c.rows[j] + i), sum);
      }
      Vector::store(c.out + i, c.silu ? silu(sum) : sum);
    }
    if (const std::int64_t left = c.size - i; left > 0) {
      Batch sum = c.bias != nullptr ? load_rest<Vector>(c.bias + i, left, 0.0f) : Batch(0.0f);
      for (int j = 0; j < c.taps; ++j) {
        sum = Vector::fma(load_rest<Vector>(c.weights + j * c.weight_stride + i, left, 0.0f),
                          load_rest<Vector>(c.rows[j] + i, left, 0.0f), sum);
      }
      Columns::store_rest(c.out + i, c.silu ? silu(sum) : sum, left);
    }
  }

  static void delta_rule(const Recurrence& r) noexcept {
    Columns::each(r, [&](auto group) noexcept { columns<true>(r, group); });
  }
  static void scan(const Recurrence& r) noexcept {
    Columns::each(r, [&](auto group) noexcept { columns<false>(r, group); });
  }

  static void fill(Table& table) {
    table.causal_convolution = causal_convolution;
    table.delta_rule = delta_rule;
    table.scan = scan;
  }

 private:
  static Batch silu(Batch x) { return x / (Batch(1.0f) + exponential<Vector>(-x)); }

  template <bool kCorrects, class Group>
  static void columns(const Recurrence& r, Group group) noexcept {
    constexpr int kVectors = Group::kVectors;
    const Batch scale(r.scale), skip(r.skip);
    for (std::int64_t t = 0; t < r.tokens; ++t) {
      const float* key = r.keys + t * r.key_stride;
      const float* value = r.values + t * r.value_stride + group.column;
      const Batch decay(r.decays[t * r.gate_stride]), rate(r.rates[t * r.gate_stride]);
      Batch update[kVectors];
      for (int v = 0; v < kVectors; ++v) update[v] = group.load(value + v * kWidth);
      if constexpr (kCorrects) {
        const Sums<kVectors> sums = over_rows<kVectors>(r.key_size, [&](int row, int v, Batch sum) {
          return Vector::fma(group.load(group.row(v, row)), Batch(key[row]), sum);
        });
        for (int v = 0; v < kVectors; ++v) update[v] = update[v] - decay * sums.of[v];
      }
      for (int v = 0; v < kVectors; ++v) update[v] = update[v] * rate;
      const float* query = r.queries + t * r.key_stride;
      const Sums<kVectors> sums = over_rows<kVectors>(r.key_size, [&](int row, int v, Batch sum) {
        float* at = group.row(v, row);
        const Batch next = Vector::fma(Batch(key[row]), update[v], group.load(at) * decay);
        group.store(at, next);
        return Vector::fma(next, Batch(query[row]), sum);
      });
      float* out = r.out + t * r.out_stride + group.column;
      for (int v = 0; v < kVectors; ++v) {
        const Batch skipped = skip * group.load(value + v * kWidth);
        group.store(out + v * kWidth, Vector::fma(sums.of[v], scale, skipped));
      }
    }
  }

  template <int kVectors>
  struct Sums {
    Batch of[kVectors];
  };
  /// For each vector, the sum over all rows of what add(row, vector, sum) adds: even rows and odd rows, then both, so
  /// that twice as many sums are under way.
  template <int kVectors, class Add>
  static inline __attribute__((always_inline)) Sums<kVectors> over_rows(int rows, Add add) noexcept {
    Sums<kVectors> even, odd;
    for (int v = 0; v < kVectors; ++v) even.of[v] = odd.of[v] = Batch(0.0f);
    int row = 0;
    for (; row + 2 <= rows; row += 2) {
      for (int v = 0; v < kVectors; ++v) even.of[v] = add(row, v, even.of[v]);
      for (int v = 0; v < kVectors; ++v) odd.of[v] = add(row + 1, v, odd.of[v]);
    }
    if (row < rows) {
      for (int v = 0; v < kVectors; ++v) even.of[v] = add(row, v, even.of[v]);
    }
    for (int v = 0; v < kVectors; ++v) even.of[v] = even.of[v] + odd.of[v];
    return even;
  }
};

}  // namespace
}  // namespace brim::kernels

// Short causal convolutions and the recurrences of linear attention and of state spaces, written once for every set. A
// Vector (see <set>/vector.hpp) provides Batch, kWidth, load, store and fma.
//
// A recurrence goes through all tokens with a few columns of the state, which stay in the first-level cache, before it
// takes the next columns. Sums over a column's rows have one order, so every column is computed in the same way wherever
// it lies.
#pragma once

#include "kernels/recurrence.hpp"
#include "kernels/shared/elementwise.ipp"
#include "kernels/shared/math.ipp"
#include "kernels/table.hpp"

namespace brim::kernels {
namespace {

template <class Vector>
struct Recurrent {
  using Batch = typename Vector::Batch;
  static constexpr int kWidth = Vector::kWidth;
  /// Panels of kStateColumns columns that are worked on together: as many sums as hide the latency of one.
  static constexpr int kPanels = kWidth == 16 ? 4 : kWidth == 8 ? 2 : 1;

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
      store_rest(c.out + i, c.silu ? silu(sum) : sum, left);
    }
  }

  static void delta_rule(const Recurrence& r) noexcept { all_columns<true>(r); }
  static void scan(const Recurrence& r) noexcept { all_columns<false>(r); }

  static void fill(Table& table) {
    table.causal_convolution = causal_convolution;
    table.delta_rule = delta_rule;
    table.scan = scan;
  }

 private:
  static Batch silu(Batch x) { return x / (Batch(1.0f) + exponential<Vector>(-x)); }

  static void store_rest(float* to, Batch value, std::int64_t left) {
    float padded[kWidth];
    Vector::store(padded, value);
    for (std::int64_t j = 0; j < left; ++j) to[j] = padded[j];
  }

  template <bool kCorrects>
  static void all_columns(const Recurrence& r) noexcept {
    constexpr int kEach = kStateColumns / kWidth;
    int column = 0;
    for (; column + kPanels * kStateColumns <= r.value_size; column += kPanels * kStateColumns) {
      full_columns<kCorrects, kPanels * kEach>(r, column);
    }
    for (; column + kStateColumns <= r.value_size; column += kStateColumns) full_columns<kCorrects, kEach>(r, column);
    const int width = r.value_size - column;
    float* panel = r.state + std::int64_t{column} * r.key_size;
    for (int at = 0; at < width; at += kWidth) {
      float* state[1] = {panel + at};
      const int left = width - at < kWidth ? width - at : kWidth;
      columns<kCorrects, 1, true>(r, state, width, column + at, left);
    }
  }

  template <bool kCorrects, int kVectors>
  static void full_columns(const Recurrence& r, int column) noexcept {
    float* state[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      state[v] = r.state + state_index(r.key_size, r.value_size, 0, column + v * kWidth);
    }
    columns<kCorrects, kVectors, false>(r, state, kStateColumns, column, kWidth);
  }

  template <bool kRest>
  static Batch load(const float* from, int left) {
    if constexpr (kRest) return load_rest<Vector>(from, left, 0.0f);
    return Vector::load(from);
  }
  template <bool kRest>
  static void store(float* to, Batch value, int left) {
    if constexpr (kRest) return store_rest(to, value, left);
    Vector::store(to, value);
  }

  /// kVectors vectors of columns from `column` on: state[v] is where the rows of the v-th of them begin, `stride` apart.
  /// With kRest, only the first `left` values of a vector exist.
  template <bool kCorrects, int kVectors, bool kRest>
  static void columns(const Recurrence& r, float* const (&state)[kVectors], std::int64_t stride, int column,
                      int left) noexcept {
    const Batch scale(r.scale), skip(r.skip);
    for (std::int64_t t = 0; t < r.tokens; ++t) {
      const float* key = r.keys + t * r.key_stride;
      const float* value = r.values + t * r.value_stride + column;
      const Batch decay(r.decays[t * r.gate_stride]), rate(r.rates[t * r.gate_stride]);
      Batch update[kVectors];
      for (int v = 0; v < kVectors; ++v) update[v] = load<kRest>(value + v * kWidth, left);
      if constexpr (kCorrects) {
        const Sums<kVectors> sums = over_rows<kVectors>(r.key_size, [&](int row, int v, Batch sum) {
          return Vector::fma(load<kRest>(state[v] + row * stride, left), Batch(key[row]), sum);
        });
        for (int v = 0; v < kVectors; ++v) update[v] = update[v] - decay * sums.of[v];
      }
      for (int v = 0; v < kVectors; ++v) update[v] = update[v] * rate;
      const float* query = r.queries + t * r.key_stride;
      const Sums<kVectors> sums = over_rows<kVectors>(r.key_size, [&](int row, int v, Batch sum) {
        float* at = state[v] + row * stride;
        const Batch next = Vector::fma(Batch(key[row]), update[v], load<kRest>(at, left) * decay);
        store<kRest>(at, next, left);
        return Vector::fma(next, Batch(query[row]), sum);
      });
      float* out = r.out + t * r.out_stride + column;
      for (int v = 0; v < kVectors; ++v) {
        const Batch skipped = skip * load<kRest>(value + v * kWidth, left);
        store<kRest>(out + v * kWidth, Vector::fma(sums.of[v], scale, skipped), left);
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

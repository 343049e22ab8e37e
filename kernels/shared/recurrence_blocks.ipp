// Recurrences over a block of tokens as products of small matrices (recurrence.hpp has the formulas), written once for
// every set. A Vector (see <set>/vector.hpp) provides Batch, kWidth, load, store, fma, sum and power_of_two.
//
// What tokens have to do with each other, products of keys and queries with the decays between them, is computed once
// for all columns. Then a few columns of the state go through the whole block: a row of the state is loaded for several
// tokens at a time, and stored once. Every sum has one order, whatever the tile that it is computed in.
#pragma once

#include "kernels/recurrence.hpp"
#include "kernels/shared/elementwise.ipp"
#include "kernels/shared/math.ipp"
#include "kernels/shared/state_columns.ipp"
#include "kernels/table.hpp"

namespace brim::kernels {
namespace {

template <class Vector>
struct BlockedRecurrence {
  using Batch = typename Vector::Batch;
  using Columns = StateColumns<Vector>;
  static constexpr int kWidth = Vector::kWidth;
  /// Tokens, or rows of the state, whose sums are in registers at a time: the sets with 8 floats have 16 registers.
  static constexpr int kTile = kWidth == 8 ? 2 : 4;
  static_assert(kBlockTokens % kWidth == 0, "exponents are whole vectors");

  static void delta_rule_block(const RecurrenceBlock& block) noexcept { run<true>(block); }
  static void scan_block(const RecurrenceBlock& block) noexcept { run<false>(block); }

  static void fill(Table& table) {
    table.delta_rule_block = delta_rule_block;
    table.scan_block = scan_block;
  }

 private:
  /// A stronger decay is 0 as a float too.
  static constexpr double kStrongest = -100;

  /// What the block's tokens have to do with each other and with the state, in the call's scratch.
  struct Weights {
    explicit Weights(float* scratch)
        : of_updates(scratch),
          of_outs(of_updates + kBlockTokens * kBlockTokens),
          of_state(of_outs + kBlockTokens * kBlockTokens),
          to_state(of_state + kBlockTokens),
          updates(to_state + kBlockTokens) {}

    float* of_updates;  ///< [t][i < t]: r_t e^(L_t − L_i) k_t·k_i
    float* of_outs;     ///< [t][i ≤ t]: scale e^(L_t − L_i) q_t·k_i
    float* of_state;    ///< [t]: e^L_t
    float* to_state;    ///< [t]: e^(L_n − L_t)
    float* updates;     ///< [t][columns of a group]: u_t
  };

  template <bool kCorrects>
  static void run(const RecurrenceBlock& block) noexcept {
    const Recurrence& r = block.tokens;
    const Weights weights(block.scratch);
    weigh<kCorrects>(r, weights);
    Columns::each(r, [&](auto group) noexcept { columns<kCorrects>(r, weights, group); });
  }

  /// x[i] = e^x[i] for all kBlockTokens values.
  static void exponentiate(float (&x)[kBlockTokens]) {
    for (int i = 0; i < kBlockTokens; i += kWidth) Vector::store(x + i, exponential<Vector>(Vector::load(x + i)));
  }

  template <bool kCorrects>
  static void weigh(const Recurrence& r, const Weights& weights) noexcept {
    const int tokens = static_cast<int>(r.tokens);
    double logs[kBlockTokens];
    double sum = 0;
    for (int t = 0; t < tokens; ++t) {
      const auto log = static_cast<double>(r.decays[t * r.gate_stride]);
      sum += log < kStrongest ? kStrongest : log;
      logs[t] = sum;
    }
    float factors[kBlockTokens] = {};
    for (int t = 0; t < tokens; ++t) factors[t] = static_cast<float>(logs[t]);
    exponentiate(factors);
    for (int t = 0; t < tokens; ++t) weights.of_state[t] = factors[t];
    for (int t = 0; t < tokens; ++t) factors[t] = static_cast<float>(logs[tokens - 1] - logs[t]);
    exponentiate(factors);
    for (int t = 0; t < tokens; ++t) weights.to_state[t] = factors[t];
    for (int t = 0; t < tokens; ++t) {
      float* with_key = weights.of_updates + t * kBlockTokens;
      float* with_query = weights.of_outs + t * kBlockTokens;
      int i = 0;
      for (; i + 4 <= t + 1; i += 4) multiply_keys<kCorrects, 4>(r, t, i, with_key, with_query);
      for (; i <= t; ++i) multiply_keys<kCorrects, 1>(r, t, i, with_key, with_query);
      for (int j = 0; j <= t; ++j) factors[j] = static_cast<float>(logs[t] - logs[j]);
      for (int j = t + 1; j < kBlockTokens; ++j) factors[j] = 0.0f;
      exponentiate(factors);
      const float rate = r.rates[t * r.gate_stride];
      for (int j = 0; j <= t; ++j) {
        if (kCorrects) with_key[j] = with_key[j] * factors[j] * rate;
        with_query[j] = with_query[j] * factors[j] * r.scale;
      }
    }
  }

  /// with_key[i] = k_t·k_i and with_query[i] = q_t·k_i for kCount tokens from `first` on.
  template <bool kCorrects, int kCount>
  static void multiply_keys(const Recurrence& r, int t, int first, float* with_key, float* with_query) noexcept {
    const float* key = r.keys + t * r.key_stride;
    const float* query = r.queries + t * r.key_stride;
    const float* others = r.keys + first * r.key_stride;
    Batch keys[kCount], queries[kCount];
    for (int n = 0; n < kCount; ++n) keys[n] = queries[n] = Batch(0.0f);
    int c = 0;
    for (; c + kWidth <= r.key_size; c += kWidth) {
      const Batch one_key = Vector::load(key + c), one_query = Vector::load(query + c);
#pragma GCC unroll 8
      for (int n = 0; n < kCount; ++n) {
        const Batch other = Vector::load(others + n * r.key_stride + c);
        if constexpr (kCorrects) keys[n] = Vector::fma(other, one_key, keys[n]);
        queries[n] = Vector::fma(other, one_query, queries[n]);
      }
    }
    if (const int left = r.key_size - c; left > 0) {
      const Batch one_key = load_rest<Vector>(key + c, left, 0.0f),
                  one_query = load_rest<Vector>(query + c, left, 0.0f);
      for (int n = 0; n < kCount; ++n) {
        const Batch other = load_rest<Vector>(others + n * r.key_stride + c, left, 0.0f);
        if constexpr (kCorrects) keys[n] = Vector::fma(other, one_key, keys[n]);
        queries[n] = Vector::fma(other, one_query, queries[n]);
      }
    }
    for (int n = 0; n < kCount; ++n) {
      if constexpr (kCorrects) with_key[first + n] = Vector::sum(keys[n]);
      with_query[first + n] = Vector::sum(queries[n]);
    }
  }

  template <bool kCorrects, class Group>
  static void columns(const Recurrence& r, const Weights& weights, Group group) noexcept {
    const int tokens = static_cast<int>(r.tokens);
    int t = 0;
    for (; t + kTile <= tokens; t += kTile) begin_updates<kCorrects, kTile>(r, weights, group, t);
    for (; t < tokens; ++t) begin_updates<kCorrects, 1>(r, weights, group, t);
    if constexpr (kCorrects) {
      for (t = 1; t < tokens; ++t) correct_update<Group::kVectors>(weights, t);
    }
    for (t = 0; t + kTile <= tokens; t += kTile) write_outs<kTile>(r, weights, group, t);
    for (; t < tokens; ++t) write_outs<1>(r, weights, group, t);
    for (t = 0; t < tokens; ++t) {
      const Batch factor(weights.to_state[t]);
      float* update = weights.updates + t * Group::kVectors * kWidth;
      for (int v = 0; v < Group::kVectors; ++v) {
        Vector::store(update + v * kWidth, Vector::load(update + v * kWidth) * factor);
      }
    }
    int row = 0;
    for (; row + kTile <= r.key_size; row += kTile) advance_rows<kTile>(r, weights, group, row);
    for (; row < r.key_size; ++row) advance_rows<1>(r, weights, group, row);
  }

  template <int kCount, int kVectors>
  struct Sums {
    Batch of[kCount][kVectors];
  };

  /// Sᵀx for kCount tokens whose keys or queries x are `stride` apart: rows of the state in order.
  template <int kCount, class Group>
  static inline __attribute__((always_inline)) Sums<kCount, Group::kVectors> from_state(const Group& group, int rows,
                                                                                        const float* x,
                                                                                        std::int64_t stride) noexcept {
    constexpr int kVectors = Group::kVectors;
    Sums<kCount, kVectors> sums;
#pragma GCC unroll 8
    for (int n = 0; n < kCount; ++n) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) sums.of[n][v] = Batch(0.0f);
    }
#pragma GCC unroll 1
    for (int row = 0; row < rows; ++row) {
      Batch parts[kVectors];
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) parts[v] = group.load(group.row(v, row));
#pragma GCC unroll 8
      for (int n = 0; n < kCount; ++n) {
        const Batch one(x[n * stride + row]);
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) sums.of[n][v] = Vector::fma(parts[v], one, sums.of[n][v]);
      }
    }
    return sums;
  }

  /// u_t without what the block's earlier tokens correct, for kCount tokens.
  template <bool kCorrects, int kCount, class Group>
  static void begin_updates(const Recurrence& r, const Weights& weights, Group group, int t) noexcept {
    constexpr int kVectors = Group::kVectors;
    Sums<kCount, kVectors> sums;
    if constexpr (kCorrects) sums = from_state<kCount>(group, r.key_size, r.keys + t * r.key_stride, r.key_stride);
#pragma GCC unroll 8
    for (int n = 0; n < kCount; ++n) {
      const Batch rate(r.rates[(t + n) * r.gate_stride]), decay(weights.of_state[t + n]);
      const float* value = r.values + (t + n) * r.value_stride + group.column;
      float* update = weights.updates + (t + n) * kVectors * kWidth;
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        Batch wanted = group.load(value + v * kWidth);
        if constexpr (kCorrects) wanted = wanted - decay * sums.of[n][v];
        Vector::store(update + v * kWidth, wanted * rate);
      }
    }
  }

  /// u_t −= Σ of_updates[t][i] · u_i over the tokens i before it, which are complete.
  template <int kVectors>
  static void correct_update(const Weights& weights, int t) noexcept {
    constexpr int kRow = kVectors * kWidth;
    const float* factors = weights.of_updates + t * kBlockTokens;
    Batch even[kVectors], odd[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) even[v] = odd[v] = Batch(0.0f);
    int i = 0;
    for (; i + 2 <= t; i += 2) {
      const float* update = weights.updates + i * kRow;
      const Batch first(factors[i]), second(factors[i + 1]);
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        even[v] = Vector::fma(Vector::load(update + v * kWidth), first, even[v]);
        odd[v] = Vector::fma(Vector::load(update + kRow + v * kWidth), second, odd[v]);
      }
    }
    if (i < t) {
      const Batch last(factors[i]);
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        even[v] = Vector::fma(Vector::load(weights.updates + i * kRow + v * kWidth), last, even[v]);
      }
    }
    float* update = weights.updates + t * kRow;
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      Vector::store(update + v * kWidth, Vector::load(update + v * kWidth) - (even[v] + odd[v]));
    }
  }

  template <int kCount, class Group>
  static void write_outs(const Recurrence& r, const Weights& weights, Group group, int t) noexcept {
    constexpr int kVectors = Group::kVectors, kRow = kVectors * kWidth;
    Sums<kCount, kVectors> sums = from_state<kCount>(group, r.key_size, r.queries + t * r.key_stride, r.key_stride);
    const float* factors = weights.of_outs + t * kBlockTokens;
#pragma GCC unroll 8
    for (int n = 0; n < kCount; ++n) {
      const Batch factor(weights.of_state[t + n] * r.scale);
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) sums.of[n][v] = sums.of[n][v] * factor;
    }
    // The tokens up to t, which all of these see; then those that only the later ones see.
#pragma GCC unroll 1
    for (int i = 0; i <= t; ++i) {
      Batch parts[kVectors];
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) parts[v] = Vector::load(weights.updates + i * kRow + v * kWidth);
#pragma GCC unroll 8
      for (int n = 0; n < kCount; ++n) {
        const Batch one(factors[n * kBlockTokens + i]);
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) sums.of[n][v] = Vector::fma(parts[v], one, sums.of[n][v]);
      }
    }
#pragma GCC unroll 8
    for (int n = 1; n < kCount; ++n) {
#pragma GCC unroll 8
      for (int i = 1; i <= n; ++i) {
        const Batch one(factors[n * kBlockTokens + t + i]);
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) {
          sums.of[n][v] = Vector::fma(Vector::load(weights.updates + (t + i) * kRow + v * kWidth), one, sums.of[n][v]);
        }
      }
    }
    const Batch skip(r.skip);
#pragma GCC unroll 8
    for (int n = 0; n < kCount; ++n) {
      const float* value = r.values + (t + n) * r.value_stride + group.column;
      float* out = r.out + (t + n) * r.out_stride + group.column;
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        group.store(out + v * kWidth, Vector::fma(skip, group.load(value + v * kWidth), sums.of[n][v]));
      }
    }
  }

  /// kCount rows of the state, after the block; the updates are multiplied by to_state already.
  template <int kCount, class Group>
  static void advance_rows(const Recurrence& r, const Weights& weights, Group group, int row) noexcept {
    constexpr int kVectors = Group::kVectors, kRow = kVectors * kWidth;
    const int tokens = static_cast<int>(r.tokens);
    const Batch decay(weights.of_state[tokens - 1]);
    Sums<kCount, kVectors> sums;
#pragma GCC unroll 8
    for (int n = 0; n < kCount; ++n) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) sums.of[n][v] = group.load(group.row(v, row + n)) * decay;
    }
#pragma GCC unroll 1
    for (int i = 0; i < tokens; ++i) {
      const float* key = r.keys + i * r.key_stride + row;
      Batch parts[kVectors];
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) parts[v] = Vector::load(weights.updates + i * kRow + v * kWidth);
#pragma GCC unroll 8
      for (int n = 0; n < kCount; ++n) {
        const Batch one(key[n]);
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) sums.of[n][v] = Vector::fma(parts[v], one, sums.of[n][v]);
      }
    }
#pragma GCC unroll 8
    for (int n = 0; n < kCount; ++n) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) group.store(group.row(v, row + n), sums.of[n][v]);
    }
  }
};

}  // namespace
}  // namespace brim::kernels

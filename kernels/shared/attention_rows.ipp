// The rows of an attention call against one block of entries: two small matrix products in register tiles with the
// running softmax between them. Written once for every set; keys are transposed (transposed.ipp) and values are in
// their stored order, both read through functions that return a vector of floats, so that they may lie in scratch or be
// converted on the way. Keys that are stored in levels may be multiplied without that (attention_levels.ipp).
//
// Each score is added up over the dimensions in order and each value over the entries in order: no sums across a
// vector, and no order that depends on the tile.
#pragma once

#include <cfloat>
#include <cmath>

#include "kernels/shared/hadamard.ipp"
#include "kernels/shared/math.ipp"
#include "kernels/table.hpp"

namespace brim::kernels {
namespace {

template <class Vector>
struct AttentionRows {
  using Batch = typename Vector::Batch;
  static constexpr int kWidth = Vector::kWidth;
  static constexpr int kRows = Vector::kAttentionRows;
  static constexpr int kVectors = Vector::kAttentionVectors;
  static constexpr int kBlock = kAttentionBlock;

  /// One block of a call's entries.
  struct Block {
    std::int64_t index;  ///< of column 0
    int first;           ///< the columns [first, end) hold entries of the call
    int end;
    std::int64_t row;  ///< the rows [row, row_end) see some of them
    std::int64_t row_end;
    bool seen_by_all;  ///< these rows see all of them
  };

  const Attend& call;
  int value_stride;       ///< value_size rounded up to whole vectors
  int query_floats;       ///< from one row's query to the next one's
  float* queries;         ///< [row][query_floats], scaled, and rotated as the keys are
  float* keys;            ///< [key_size][kBlock], transposed
  float* values;          ///< [kBlock][value_stride]
  std::byte* transposed;  ///< a transposed block in any storage type
  std::byte* copied;      ///< a block's keys and values, packed, if they are not contiguous
  float* weights;         ///< [kRows][kBlock] of a tile's rows: scores, then their exponentials
  float* out;             ///< [row][value_stride], rotated as the values are
  float* sums;            ///< [row][kWidth]: a sum for each lane
  float* largest;         ///< [row]

  explicit AttentionRows(const Attend& a)
      : call(a),
        value_stride((a.value_size + kWidth - 1) / kWidth * kWidth),
        query_floats(kernels::query_floats(a.key_size)) {
    const std::int64_t rows = a.tokens * a.group;
    float* next = reinterpret_cast<float*>((reinterpret_cast<std::uintptr_t>(a.scratch) + 63) / 64 * 64);
    const auto take = [&](std::int64_t count) {
      float* part = next;
      next += count;
      return part;
    };
    keys = take(std::int64_t{a.key_size} * kBlock);
    values = take(std::int64_t{kBlock} * value_stride);
    transposed = reinterpret_cast<std::byte*>(take(std::int64_t{a.key_size + 16} * kBlock));
    copied = reinterpret_cast<std::byte*>(take(std::int64_t{a.key_size + a.value_size} * kBlock));
    weights = take(std::int64_t{kRows} * kBlock);
    out = take(rows * value_stride);
    sums = take(rows * kWidth);
    queries = take(rows * query_floats);
    largest = take(rows);
  }

  /// `rotated`: whether keys are stored rotated.
  __attribute__((noinline)) void start(bool rotated) {
    const std::int64_t rows = call.tokens * call.group;
    for (std::int64_t row = 0; row < rows; ++row) {
      const float* from = call.queries + row / call.group * call.query_stride + row % call.group * call.key_size;
      float* to = queries + row * query_floats;
      for (int i = 0; i < call.key_size; ++i) to[i] = from[i] * call.scale;
      if (rotated) rotate_kv(to, call.key_size);
    }
    for (std::int64_t i = 0; i < rows; ++i) largest[i] = -FLT_MAX;
    for (std::int64_t i = 0; i < rows * kWidth; ++i) sums[i] = 0.0f;
    for (std::int64_t i = 0; i < rows * value_stride; ++i) out[i] = 0.0f;
  }

  /// `rotated`: whether values are stored rotated.
  __attribute__((noinline)) void finish(bool rotated) {
    const AttentionState& state = call.state;
    for (std::int64_t t = 0; t < call.tokens; ++t) {
      for (int g = 0; g < call.group; ++g) {
        const std::int64_t from = t * call.group + g, to = t * state.token_stride + g;
        state.largest[to] = largest[from];
        state.sums[to] = Vector::sum(Vector::load(sums + from * kWidth));
        float* sum = out + from * value_stride;
        if (rotated) rotate_kv(sum, call.value_size);
        __builtin_memcpy(state.out + to * call.value_size, sum, static_cast<std::size_t>(call.value_size) * 4);
      }
    }
  }

  /// c[r][·] = c[r][·] · factors[r] (0, where factors is null) + Σ a[r][k] · b(k, ·) over k in [0, n), in order; b(k,
  /// column, v) returns the kWidth columns from column + v · kWidth.
  template <int Rows, int Vectors, class Load>
  static void tile(const float* a, std::int64_t a_stride, const Load& b, int column, int n, const float* factors,
                   float* c, std::int64_t c_stride) {
    // Unrolled before anything else is done with them: only then do compilers keep all sums in registers to the end.
    Batch total[Rows][Vectors];
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
      for (int v = 0; v < Vectors; ++v) {
        total[r][v] = factors ? Vector::load(c + r * c_stride + column + v * kWidth) * Batch(factors[r]) : Batch(0.0f);
      }
    }
#pragma GCC unroll 1
    for (int k = 0; k < n; ++k) {
      Batch parts[Vectors];
#pragma GCC unroll 8
      for (int v = 0; v < Vectors; ++v) parts[v] = b(k, column, v);
#pragma GCC unroll 8
      for (int r = 0; r < Rows; ++r) {
        const Batch one(a[r * a_stride + k]);
#pragma GCC unroll 8
        for (int v = 0; v < Vectors; ++v) total[r][v] = Vector::fma(parts[v], one, total[r][v]);
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
      for (int v = 0; v < Vectors; ++v) Vector::store(c + r * c_stride + column + v * kWidth, total[r][v]);
    }
  }

  /// The same for columns [column, end), whole vectors.
  template <int Rows, class Load>
  static void product(const float* a, std::int64_t a_stride, const Load& b, int column, int end, int n,
                      const float* factors, float* c, std::int64_t c_stride) {
    for (; column + kVectors * kWidth <= end; column += kVectors * kWidth) {
      tile<Rows, kVectors>(a, a_stride, b, column, n, factors, c, c_stride);
    }
    if constexpr (kVectors > 2) {
      for (; column + 2 * kWidth <= end; column += 2 * kWidth)
        tile<Rows, 2>(a, a_stride, b, column, n, factors, c, c_stride);
    }
    for (; column < end; column += kWidth) tile<Rows, 1>(a, a_stride, b, column, n, factors, c, c_stride);
  }

  struct Columns {
    int first;
    int end;
  };
  /// The block's columns that a row sees.
  Columns columns(std::int64_t row, const Block& block) const {
    const Seen& seen = call.seen[row / call.group];
    const std::int64_t first = seen.first - block.index, end = seen.end - block.index;
    return {first > block.first ? static_cast<int>(first) : block.first,
            end < block.end ? static_cast<int>(end) : block.end};
  }

  /// Scores from queries and keys as floats: load(d, column, v) returns dimension d of the kWidth keys from column +
  /// v · kWidth.
  template <class Load>
  struct FloatScores {
    const AttentionRows& rows;
    const Load& load;

    /// weights[r][column] = the score of row `row` + r, for columns [from, end), whole vectors.
    template <int Rows>
    void compute(std::int64_t row, int from, int end) const {
      rows.template product<Rows>(rows.queries + row * rows.query_floats, rows.query_floats, load, from, end,
                                  rows.call.key_size, nullptr, rows.weights, kBlock);
    }
  };
  template <class Load>
  FloatScores<Load> float_scores(const Load& load) const {
    return {*this, load};
  }

  /// weights[r] = the scores of row `row` + r, −inf for entries that it does not see; for the columns that any of the
  /// rows sees. `scores`: as FloatScores.
  template <int Rows, class Scores>
  Columns score(std::int64_t row, const Block& block, const Scores& scores) const {
    Columns own[Rows], all = {block.first, block.end};
    if (!block.seen_by_all) {
      all = {kBlock, 0};
      for (int r = 0; r < Rows; ++r) {
        own[r] = columns(row + r, block);
        if (own[r].first < all.first) all.first = own[r].first;
        if (own[r].end > all.end) all.end = own[r].end;
      }
    }
    const int from = all.first / kWidth * kWidth, to = (all.end + kWidth - 1) / kWidth * kWidth;
    scores.template compute<Rows>(row, from, to);
    if (call.soft_cap > 0) {
      const Batch cap(call.soft_cap);
      for (int r = 0; r < Rows; ++r) {
        for (float* at = weights + r * kBlock + from; at < weights + r * kBlock + to; at += kWidth) {
          Vector::store(at, cap * hyperbolic_tangent<Vector>(Vector::load(at) / cap));
        }
      }
    }
    if (!block.seen_by_all || from < all.first || to > all.end) {
      for (int r = 0; r < Rows; ++r) {
        const Columns seen = block.seen_by_all ? all : own[r];
        for (int e = from; e < seen.first; ++e) weights[r * kBlock + e] = -INFINITY;
        for (int e = seen.end; e < to; ++e) weights[r * kBlock + e] = -INFINITY;
      }
    }
    return all;
  }

  /// The first half of adding the block to the rows from `row` on: their scores, then the weights of these scores.
  /// factors[r]: the factor that rescales the previous sums of the row.
  template <int Rows, class Scores>
  Columns weigh(std::int64_t row, const Block& block, const Scores& scores, float* factors) const {
    const Columns seen = score<Rows>(row, block, scores);
    weigh_scores<Rows>(row, seen, factors);
    return seen;
  }

  /// Replaces the scores of the columns that are seen by their exponentials; not inlined, because it is the same for
  /// all types of keys.
  template <int Rows>
  __attribute__((noinline)) void weigh_scores(std::int64_t row, Columns seen, float* factors) const {
    const int from = seen.first / kWidth * kWidth;
    for (int r = 0; r < Rows; ++r) {
      const float* own = weights + r * kBlock;
      Batch max = Vector::load(own + from);
      for (int e = from + kWidth; e < seen.end; e += kWidth) max = xsimd::max(max, Vector::load(own + e));
      const float before = largest[row + r], now = Vector::largest(max);
      factors[r] = 1.0f;
      if (now > before) {
        largest[row + r] = now;
        float* sum = sums + (row + r) * kWidth;
        const Batch factor = exponential_of_negative<Vector>(Batch(before - now));
        Vector::store(sum, Vector::load(sum) * factor);
        float lanes[kWidth];
        Vector::store(lanes, factor);
        factors[r] = lanes[0];
      }
    }
    for (int r = 0; r < Rows; ++r) {
      float* own = weights + r * kBlock;
      const Batch shift(largest[row + r]);
      Batch sum = Vector::load(sums + (row + r) * kWidth);
      for (int e = from; e < seen.end; e += kWidth) {
        const Batch weight = exponential_of_negative<Vector>(Vector::load(own + e) - shift);
        Vector::store(own + e, weight);
        sum = sum + weight;
      }
      Vector::store(sums + (row + r) * kWidth, sum);
    }
  }

  /// The second half: the values of the columns that are seen, each multiplied by its weight.
  template <int Rows, class Values>
  void add_values(std::int64_t row, Columns seen, const float* factors, const Values& load_values) const {
    product<Rows>(
        weights + seen.first, kBlock, [&](int e, int d, int v) { return load_values(seen.first + e, d, v); }, 0,
        value_stride, seen.end - seen.first, factors, out + row * value_stride, value_stride);
  }

  /// accumulated[column] += the attention weights of the rows; `largest` and `sums` are the final ones of the rows.
  template <int Rows, class Scores>
  void add_attention(std::int64_t row, const Block& block, const Scores& scores, const AttentionState& state,
                     float* accumulated) const {
    const Columns seen = score<Rows>(row, block, scores);
    const int from = seen.first / kWidth * kWidth;
    for (int r = 0; r < Rows; ++r) {
      const std::int64_t place = (row + r) / call.group * state.token_stride + (row + r) % call.group;
      const Batch shift(state.largest[place]), share(1.0f / state.sums[place]);
      for (int e = from; e < seen.end; e += kWidth) {
        const Batch weight = exponential_of_negative<Vector>(Vector::load(weights + r * kBlock + e) - shift);
        Vector::store(accumulated + e, Vector::fma(weight, share, Vector::load(accumulated + e)));
      }
    }
  }

  /// Calls step(Count<n>, row) for tiles of n ≤ kRows rows of [row, end).
  template <class Step>
  static void for_tiles(std::int64_t row, std::int64_t end, Step step) {
    while (row < end) {
      // The last two tiles share the remaining rows: a tile of few rows would leave the multipliers idle.
      const std::int64_t left = end - row;
      const int size = static_cast<int>(left >= 2 * kRows ? kRows : left > kRows ? (left + 1) / 2 : left);
      static_assert(kRows == 6);
      switch (size) {
        case 1:
          step(Count<1>{}, row);
          break;
        case 2:
          step(Count<2>{}, row);
          break;
        case 3:
          step(Count<3>{}, row);
          break;
        case 4:
          step(Count<4>{}, row);
          break;
        case 5:
          step(Count<5>{}, row);
          break;
        default:
          step(Count<6>{}, row);
          break;
      }
      row += size;
    }
  }

 private:
  template <int kCount>
  struct Count {
    static constexpr int value = kCount;
  };
};

}  // namespace
}  // namespace brim::kernels

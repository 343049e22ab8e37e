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

#include "kernels/attention_rows.hpp"
#include "kernels/shared/hadamard.ipp"
#include "kernels/shared/math.ipp"
#include "kernels/table.hpp"

namespace brim::kernels {
namespace {

/// The functions of a set, or of the set below it that it takes them from (attention.ipp).
template <class Vector>
const AttentionRowKernels& row_kernels();

template <class Vector>
struct AttentionRows : AttentionScratch {
  using Block = AttentionBlock;
  using Columns = AttentionColumns;
  using Batch = typename Vector::Batch;
  static constexpr int kWidth = Vector::kWidth;
  static constexpr int kRows = Vector::kAttentionRows;
  static constexpr int kVectors = Vector::kAttentionVectors;
  static constexpr int kBlock = kAttentionBlock;

  static_assert(kRows == kAttentionTile);

  explicit AttentionRows(const Attend& a)
      : AttentionScratch{.call = a,
                         .value_stride = (a.value_size + kWidth - 1) / kWidth * kWidth,
                         .query_floats = kernels::query_floats(a.key_size)} {
    const std::int64_t rows = a.tokens * a.group;
    float* next = reinterpret_cast<float*>((reinterpret_cast<std::uintptr_t>(a.scratch) + 63) / 64 * 64);
    const auto take = [&](std::int64_t count) {
      float* part = next;
      next += count;
      return part;
    };
    keys = take(std::int64_t{a.key_size} * kBlock);
    // As floats, or as levels with their scales (attention_level_values.ipp).
    const std::int64_t blocks = (a.value_size + kKvBlock - 1) / kKvBlock, floats = std::int64_t{kBlock} * value_stride;
    const std::int64_t levels = blocks * (kBlock * kKvBlock / 4 + kBlock + 2);
    values = take(levels > floats ? levels : floats);
    transposed = reinterpret_cast<std::byte*>(take(std::int64_t{a.key_size + 16} * kBlock));
    copied = reinterpret_cast<std::byte*>(take(std::int64_t{a.key_size + a.value_size} * kBlock));
    weights = take(std::int64_t{kRows} * kBlock);
    out = take(rows * value_stride);
    sums = take(rows * kWidth);
    queries = take(rows * query_floats);
    largest = take(rows);
  }

  /// `rotated`: whether keys are stored rotated.
  __attribute__((noinline)) static void start(const AttentionScratch& s, bool rotated) noexcept {
    const Attend& a = s.call;
    const std::int64_t rows = a.tokens * a.group;
    for (std::int64_t row = 0; row < rows; ++row) {
      const float* from = a.queries + row / a.group * a.query_stride + row % a.group * a.key_size;
      float* to = s.queries + row * s.query_floats;
      for (int i = 0; i < a.key_size; ++i) to[i] = from[i] * a.scale;
      if (rotated) rotate_kv(to, a.key_size);
    }
    for (std::int64_t i = 0; i < rows; ++i) s.largest[i] = -FLT_MAX;
    for (std::int64_t i = 0; i < rows * kWidth; ++i) s.sums[i] = 0.0f;
    for (std::int64_t i = 0; i < rows * s.value_stride; ++i) s.out[i] = 0.0f;
  }

  /// `rotated`: whether values are stored rotated.
  __attribute__((noinline)) static void finish(const AttentionScratch& s, bool rotated) noexcept {
    const Attend& a = s.call;
    const AttentionState& state = a.state;
    for (std::int64_t t = 0; t < a.tokens; ++t) {
      for (int g = 0; g < a.group; ++g) {
        const std::int64_t from = t * a.group + g, to = t * state.token_stride + g;
        state.largest[to] = s.largest[from];
        state.sums[to] = Vector::sum(Vector::load(s.sums + from * kWidth));
        float* sum = s.out + from * s.value_stride;
        if (rotated) rotate_kv(sum, a.value_size);
        __builtin_memcpy(state.out + to * a.value_size, sum, static_cast<std::size_t>(a.value_size) * 4);
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
    row_kernels<Vector>().weigh[Rows - 1](*this, row, seen, factors);
    return seen;
  }

  /// Replaces the scores of the columns that are seen by their exponentials; not inlined, because it is the same for
  /// all types of keys.
  template <int Rows>
  __attribute__((noinline)) static void weigh_scores(const AttentionScratch& s, std::int64_t row, Columns seen,
                                                     float* factors) noexcept {
    const int from = seen.first / kWidth * kWidth;
    for (int r = 0; r < Rows; ++r) {
      const float* own = s.weights + r * kBlock;
      Batch max = Vector::load(own + from);
      for (int e = from + kWidth; e < seen.end; e += kWidth) max = xsimd::max(max, Vector::load(own + e));
      const float before = s.largest[row + r], now = Vector::largest(max);
      factors[r] = 1.0f;
      if (now > before) {
        s.largest[row + r] = now;
        float* sum = s.sums + (row + r) * kWidth;
        const Batch factor = exponential_of_negative<Vector>(Batch(before - now));
        Vector::store(sum, Vector::load(sum) * factor);
        float lanes[kWidth];
        Vector::store(lanes, factor);
        factors[r] = lanes[0];
      }
    }
    for (int r = 0; r < Rows; ++r) {
      float* own = s.weights + r * kBlock;
      const Batch shift(s.largest[row + r]);
      Batch sum = Vector::load(s.sums + (row + r) * kWidth);
      for (int e = from; e < seen.end; e += kWidth) {
        const Batch weight = exponential_of_negative<Vector>(Vector::load(own + e) - shift);
        Vector::store(own + e, weight);
        sum = sum + weight;
      }
      Vector::store(s.sums + (row + r) * kWidth, sum);
    }
  }

  /// The second half: the values of the columns that are seen, each multiplied by its weight.
  template <int Rows, class Values>
  static void add_values(const AttentionScratch& s, std::int64_t row, Columns seen, const float* factors,
                         const Values& load_values) {
    product<Rows>(
        s.weights + seen.first, kBlock, [&](int e, int d, int v) { return load_values(seen.first + e, d, v); }, 0,
        s.value_stride, seen.end - seen.first, factors, s.out + row * s.value_stride, s.value_stride);
  }

  /// The same for values that lie in scratch as floats.
  template <int Rows>
  __attribute__((noinline)) static void add_floats(const AttentionScratch& s, std::int64_t row, Columns seen,
                                                   const PackedEntries&, const EntriesAhead&,
                                                   const float* factors) noexcept {
    add_values<Rows>(s, row, seen, factors,
                     [&](int e, int d, int v) { return Vector::load(s.values + e * s.value_stride + d + v * kWidth); });
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

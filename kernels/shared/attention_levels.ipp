// Scores of keys that are stored in levels, without converting these to floats: for sets with 8-bit or 16-bit dot
// products (Vector::Dots). A query is rounded to 16 bits with a scale for each 32 values, as activations are for exact
// products (Q16Block); the products of a block of levels are added up as integers, exactly, and multiplied by both
// scales. So a score is that of the rounded query, whichever instructions compute it.
//
// A set that multiplies bytes (kGroup 4) takes a quant's high and low byte in turn; one that multiplies words (kGroup 2)
// takes whole quants.
#pragma once

#include "kernels/shared/attention_walk.ipp"
#include "kernels/shared/transposed.ipp"

namespace brim::kernels {
namespace {

/// 32 values of a query: value = scale · quant.
struct QueryBlock {
  float scale;
  std::int32_t offset;      ///< what the sums of products are too large by
  std::int32_t quants[16];  ///< words: 16 pairs; bytes: 8 groups of high bytes, then 8 of low bytes
};
static_assert(sizeof(QueryBlock) == kQueryBlockFloats * sizeof(float));

template <class Vector>
struct LevelQueries {
  using Dots = typename Vector::Dots;
  static constexpr int kGroup = Dots::kGroup;
  static_assert(kGroup == 2 || kGroup == 4);

  static QueryBlock round(const float* values) {
    constexpr float kRound = 12582912.0f;  // as in pack.ipp
    float largest = 0;
    bool nan = false;
    for (int i = 0; i < kKvBlock; ++i) {
      const float magnitude = __builtin_fabsf(values[i]);
      largest = magnitude > largest ? magnitude : largest;
      nan |= magnitude != magnitude;
    }
    QueryBlock block{};
    if (nan || largest > 3e38f) {
      block.scale = __builtin_nanf("");
      return block;
    }
    if (largest < 1e-30f) return block;
    block.scale = largest / 32512.0f;
    const float inverse = 32512.0f / largest;
    std::int32_t sum = 0;
    for (int i = 0; i < kKvBlock; ++i) {
      const auto quant = static_cast<std::int32_t>(values[i] * inverse + kRound - kRound);
      sum += quant;
      if constexpr (kGroup == 2) {
        block.quants[i / 2] |= static_cast<std::int32_t>(static_cast<std::uint32_t>(quant & 0xffff) << (i % 2 * 16));
      } else {
        const std::int32_t high = (quant + 128) >> 8, low = quant - 256 * high;
        const int shift = i % 4 * 8;
        block.quants[i / 4] |= static_cast<std::int32_t>(static_cast<std::uint32_t>(high & 255) << shift);
        block.quants[8 + i / 4] |= static_cast<std::int32_t>(static_cast<std::uint32_t>(low & 255) << shift);
      }
    }
    block.offset = sum * Dots::kOffset;
    return block;
  }

  /// Replaces a query of `size` floats, in room for query_floats(size), by its blocks.
  static void round_in_place(float* query, int size) {
    for (int b = 0; b * kKvBlock < size; ++b) {
      float values[kKvBlock] = {};
      const int count = size - b * kKvBlock < kKvBlock ? size - b * kKvBlock : kKvBlock;
      __builtin_memcpy(values, query + b * kKvBlock, static_cast<std::size_t>(count) * 4);
      const QueryBlock block = round(values);
      __builtin_memcpy(query + b * kQueryBlockFloats, &block, sizeof block);
    }
  }
};

/// Many rows prefetch the next block between their tiles.
struct NoPrefetch {
  void operator()(int, int, int) const {}
};

/// The scores of rows for AttentionRows::score; the rows' queries were rounded in place. `Ahead` is called with the block
/// of levels, the column and the group that come next, for prefetching.
template <class Vector, class Ahead>
struct LevelScores {
  using Rows = AttentionRows<Vector>;
  using Dots = typename Vector::Dots;
  static constexpr int kWidth = Vector::kWidth, kBlock = kAttentionBlock;

  const Rows& rows;
  TransposedLevels keys;
  Ahead ahead;

  /// weights[r][column] for columns [from, end), whole vectors.
  template <int kCount>
  void compute(std::int64_t row, int from, int end) const {
    for (int b = 0; b * kKvBlock < keys.size; ++b) {
      const int left = keys.size - b * kKvBlock;
      if (left >= kKvBlock) {
        for (int column = from; column < end; column += kWidth) add_block<kCount>(row, b, column, Whole{});
      } else {
        for (int column = from; column < end; column += kWidth) {
          add_block<kCount>(row, b, column, Groups{(left + Dots::kGroup - 1) / Dots::kGroup});
        }
      }
    }
  }

 private:
  /// The number of groups of a block: known while compiling, or not.
  struct Whole {
    static constexpr int count = kKvBlock / Dots::kGroup;
  };
  struct Groups {
    int count;
  };

  template <int kCount, class Number>
  inline __attribute__((always_inline)) void add_block(std::int64_t row, int b, int column, Number groups) const {
    constexpr int kGroup = Dots::kGroup;
    const float* queries = rows.queries + row * rows.query_floats + b * kQueryBlockFloats;
    const std::byte* levels = keys.values + (std::int64_t{b} * (kKvBlock / kGroup) * kBlock + column) * kGroup;
    typename Dots::Sums sums[kCount];
#pragma GCC unroll 8
    for (int r = 0; r < kCount; ++r) sums[r] = Dots::none();
#pragma GCC unroll 1
    for (int g = 0; g < groups.count; ++g) {
      ahead(b, column, g);
      const typename Dots::Levels four = Dots::load(levels + std::int64_t{g} * kBlock * kGroup);
#pragma GCC unroll 8
      for (int r = 0; r < kCount; ++r) Dots::add(sums[r], four, quants(queries, r) + g);
    }
    const typename Vector::Batch scales = Vector::load(keys.scales + b * kBlock + column);
#pragma GCC unroll 8
    for (int r = 0; r < kCount; ++r) {
      const QueryBlock* block = block_of(queries, r);
      float* at = rows.weights + r * kBlock + column;
      const typename Vector::Batch own = Dots::floats(sums[r], block->offset) * typename Vector::Batch(block->scale);
      Vector::store(at, b == 0 ? own * scales : Vector::fma(own, scales, Vector::load(at)));
    }
  }

  const QueryBlock* block_of(const float* queries, int r) const {
    return reinterpret_cast<const QueryBlock*>(queries + r * rows.query_floats);
  }
  const std::int32_t* quants(const float* queries, int r) const { return block_of(queries, r)->quants; }
};

/// Replaces the rows' queries by their blocks.
template <class Vector>
__attribute__((noinline)) void round_queries(const AttentionRows<Vector>& rows) {
  const std::int64_t count = rows.call.tokens * rows.call.group;
  for (std::int64_t row = 0; row < count; ++row) {
    LevelQueries<Vector>::round_in_place(rows.queries + row * rows.query_floats, rows.call.key_size);
  }
}

/// Few rows prefetch the next block's keys while they multiply, a line at a time.
template <class Vector>
struct LevelPrefetch {
  const EntriesAhead& ahead;
  int step;  ///< how many bytes a vector of levels takes as it is stored

  void operator()(int b, int column, int group) const {
    constexpr int kGroups = kKvBlock / levels_together<Vector>(), kColumns = kAttentionBlock / Vector::kWidth;
    const int at = ((b * kColumns + column / Vector::kWidth) * kGroups + group) * step;
    if (at % 64 >= step) return;
    __builtin_prefetch((at < ahead.key_bytes ? ahead.keys[0] : ahead.keys[1] - ahead.key_bytes) + at, 0, 3);
  }
};

/// AttentionRows::weigh of few rows; once for all types with levels.
template <class Vector, int kRows>
__attribute__((noinline)) AttentionColumns weigh_levels(const AttentionRows<Vector>& rows, std::int64_t row,
                                                        const TransposedLevels& levels, const AttentionBlock& block,
                                                        const LevelPrefetch<Vector>& prefetch, float* factors) {
  return rows.template weigh<kRows>(row, block, LevelScores<Vector, LevelPrefetch<Vector>>{rows, levels, prefetch},
                                    factors);
}

}  // namespace
}  // namespace brim::kernels

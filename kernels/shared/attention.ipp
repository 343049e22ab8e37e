// Attention over cached vectors, written once for every set. A block's keys are transposed, and for many rows values, and
// keys that are not multiplied as levels, are first converted to floats in scratch; attention_walk.ipp finds the blocks
// and attention_rows.ipp does the rest. Keys and values may be stored differently: the code that reads keys is
// instantiated once per type of key, the code that reads values once per type of value, and a pair of types only selects
// which of these are called. So that it stays that way with 36 pairs, what is done once per block is not inlined.
#pragma once

#include "kernels/shared/attention_levels.ipp"
#include "kernels/shared/attention_walk.ipp"
#include "kernels/shared/pack.ipp"
#include "kernels/shared/transposed.ipp"

namespace brim::kernels {
namespace {

/// Few rows read keys and values as they are stored: converting them first would cost more than it saves. Memory is the
/// limit here, so the next block is prefetched continuously, one line every few multiplications: prefetched in one go,
/// it fills the processor's list of open requests and everything waits. The processor's own prefetching ends at the end
/// of a block.
template <class Load>
void prefetch_line(const std::byte* const (&pieces)[2], std::ptrdiff_t first, std::ptrdiff_t at, int v) {
  if (Load::stored(v * Load::kWidth) % 64 != 0) return;
  at += Load::stored(v * Load::kWidth);
  __builtin_prefetch((at < first ? pieces[0] : pieces[1] - first) + at, 0, 3);
}

/// Loads keys that lie in scratch as floats.
template <class Vector>
struct SpreadKeys {
  const float* keys;
  typename Vector::Batch operator()(int d, int column, int v) const {
    return Vector::load(keys + d * kAttentionBlock + column + v * Vector::kWidth);
  }
};

/// The processing of a block's keys.
template <class Vector, KvType kType>
struct AttentionKeys {
  using Load = Cached<Vector, kType>;
  using Transposed = TransposedKeys<Vector, kType>;
  using Rows = AttentionRows<Vector>;
  using Block = typename Rows::Block;
  using Ahead = typename AttentionWalk<Vector>::Ahead;
  static constexpr int kWidth = Vector::kWidth;
  static constexpr int kBlock = kAttentionBlock;

  static constexpr bool kInteger = kIntegerScores<Vector, kType>;

  /// The rows' queries as the scores need them.
  __attribute__((noinline)) static void start(Rows& rows) {
    rows.start(kv_scaled(kType));
    if constexpr (kInteger) {
      const std::int64_t count = rows.call.tokens * rows.call.group;
      for (std::int64_t row = 0; row < count; ++row) {
        LevelQueries<Vector>::round_in_place(rows.queries + row * rows.query_floats, rows.call.key_size);
      }
    }
  }

  /// Columns outside [first, end), up to whole vectors, are converted too.
  __attribute__((noinline)) static void spread(const Transposed& transposed, const Block& block, int size,
                                               float* keys) {
    for (int d = 0; d < size; ++d) {
      for (int e = block.first / kWidth * kWidth; e < block.end; e += kWidth) {
        Vector::store(keys + d * kBlock + e, transposed.load(d, e));
      }
    }
  }

  /// Scores of keys as they are stored; the next block's are prefetched, a line at a time.
  template <int kRows>
  __attribute__((noinline)) static typename Rows::Columns weigh(const Rows& rows, std::int64_t row,
                                                                const Transposed& transposed, const Block& block,
                                                                const Ahead& ahead, float* factors) {
    if constexpr (kInteger) {
      constexpr int kGroup = levels_together<Vector>(), kStep = Load::stored(kGroup * kWidth);
      const auto prefetch = [&](int b, int column, int group) {
        const int at = ((b * (kBlock / kWidth) + column / kWidth) * (kKvBlock / kGroup) + group) * kStep;
        if (at % 64 >= kStep) return;
        __builtin_prefetch((at < ahead.key_bytes ? ahead.keys[0] : ahead.keys[1] - ahead.key_bytes) + at, 0, 3);
      };
      return rows.template weigh<kRows>(
          row, block, LevelScores<Vector, decltype(prefetch)>{rows, transposed.levels(), prefetch}, factors);
    } else {
      const auto load = [&](int d, int column, int v) {
        prefetch_line<Load>(ahead.keys, ahead.key_bytes, Load::stored(d * kBlock + column), v);
        return transposed.load(d, column + v * kWidth);
      };
      return rows.template weigh<kRows>(row, block, rows.float_scores(load), factors);
    }
  }

  /// Calls body(scores) for a block of many rows: scores of levels, or of keys that are converted to floats first.
  template <class Body>
  static void with_scores(const Rows& rows, const Transposed& transposed, const Block& block, Body body) {
    if constexpr (kInteger) {
      body(LevelScores<Vector, NoPrefetch>{rows, transposed.levels(), {}});
    } else {
      spread(transposed, block, rows.call.key_size, rows.keys);
      const SpreadKeys<Vector> load{rows.keys};
      body(rows.float_scores(load));
    }
  }
};

/// The processing of a block's values.
template <class Vector, KvType kType>
struct AttentionValues {
  using Load = Cached<Vector, kType>;
  using Rows = AttentionRows<Vector>;
  using Block = typename Rows::Block;
  using Packed = typename AttentionWalk<Vector>::Packed;
  using Ahead = typename AttentionWalk<Vector>::Ahead;
  static constexpr int kWidth = Vector::kWidth;

  __attribute__((noinline)) static void spread(const Block& block, const Packed& packed, int size, float* values,
                                               int stride) {
    for (int e = block.first; e < block.end; ++e) {
      Load::spread(packed.values + static_cast<std::size_t>(e) * packed.value_stride, size,
                   values + std::int64_t{e} * stride);
    }
  }

  template <int kRows>
  __attribute__((noinline)) static void add(const Rows& rows, std::int64_t row, typename Rows::Columns seen,
                                            const Packed& packed, const Ahead& ahead, const float* factors) {
    rows.template add_values<kRows>(row, seen, factors, [&](int e, int d, int v) {
      const auto place = static_cast<std::size_t>(e) * packed.value_stride;
      prefetch_line<Load>(ahead.values, ahead.value_bytes, static_cast<std::ptrdiff_t>(place) + Load::stored(d), v);
      return Load::load(packed.values + place, d + v * kWidth);
    });
  }
};

/// Many rows against a block whose values lie in scratch as floats, while the next block is prefetched.
template <class Vector, class Scores>
__attribute__((noinline)) void take_many(const AttentionRows<Vector>& rows,
                                         const typename AttentionRows<Vector>::Block& block,
                                         const typename AttentionWalk<Vector>::Packed& packed,
                                         const typename AttentionWalk<Vector>::Ahead& ahead, const Scores& scores) {
  constexpr int kWidth = Vector::kWidth;
  const auto values = [&](int e, int d, int v) {
    return Vector::load(rows.values + e * rows.value_stride + d + v * kWidth);
  };
  using Walk = AttentionWalk<Vector>;
  constexpr int kMax = AttentionRows<Vector>::kRows;
  typename Walk::Asking asking(ahead, packed, (block.row_end - block.row + kMax - 1) / kMax);
  AttentionRows<Vector>::for_tiles(block.row, block.row_end, [&](auto count, std::int64_t row) {
    constexpr int kRows = decltype(count)::value;
    float factors[kRows];
    asking.go_on();
    const auto seen = rows.template weigh<kRows>(row, block, scores, factors);
    rows.template add_values<kRows>(row, seen, factors, values);
  });
}

template <class Vector, KvType kKey, KvType kValue>
struct Attention {
  using Keys = AttentionKeys<Vector, kKey>;
  using Values = AttentionValues<Vector, kValue>;
  using Rows = AttentionRows<Vector>;
  using Block = typename Rows::Block;
  using Walk = AttentionWalk<Vector>;
  using Packed = typename Walk::Packed;
  using Ahead = typename Walk::Ahead;
  static constexpr int kFewRows = 2 * Rows::kRows;

  static void take_few(const Rows& rows, const typename Keys::Transposed& transposed, const Block& block,
                       const Packed& packed, const Ahead& ahead) {
    Rows::for_tiles(block.row, block.row_end, [&](auto count, std::int64_t row) {
      constexpr int kRows = decltype(count)::value;
      float factors[kRows];
      const auto seen = Keys::template weigh<kRows>(rows, row, transposed, block, ahead, factors);
      Values::template add<kRows>(rows, row, seen, packed, ahead, factors);
    });
  }

  static void attend(const Attend& a) noexcept {
    Rows rows(a);
    Keys::start(rows);
    typename Keys::Transposed transposed(rows.transposed, a.key_size);
    const bool few = a.tokens * a.group <= kFewRows && Values::Load::whole(a.value_size);
    const Walk walk{kv_vector_bytes(kKey, a.key_size), kv_vector_bytes(kValue, a.value_size)};
    walk.for_blocks(a, rows, [&](const Block& block, const Packed& packed, const Ahead& ahead) {
      transposed.turn(packed.keys, packed.key_stride, block.first, block.end);
      if (few) {
        take_few(rows, transposed, block, packed, ahead);
      } else {
        Values::spread(block, packed, a.value_size, rows.values, rows.value_stride);
        Keys::with_scores(rows, transposed, block,
                          [&](const auto& scores) { take_many<Vector>(rows, block, packed, ahead, scores); });
      }
    });
    rows.finish(kv_scaled(kValue));
  }

  static void fill(Table& table) { table.attend[static_cast<int>(kKey)][static_cast<int>(kValue)] = attend; }
};

/// accumulated[column] += the attention weights that the rows give to the columns of a block.
template <class Vector, class Scores>
__attribute__((noinline)) void add_block_attention(const AttentionRows<Vector>& rows,
                                                   const typename AttentionRows<Vector>::Block& block,
                                                   const AttentionState& state, const Scores& scores,
                                                   float* accumulated) {
  float own[kAttentionBlock] = {};
  for (int e = block.first; e < block.end; ++e) own[e] = accumulated[e];
  AttentionRows<Vector>::for_tiles(block.row, block.row_end, [&](auto count, std::int64_t row) {
    rows.template add_attention<decltype(count)::value>(row, block, scores, state, own);
  });
  for (int e = block.first; e < block.end; ++e) accumulated[e] = own[e];
}

template <class Vector, KvType kKey>
void accumulated_attention(const AccumulatedAttention& m) noexcept {
  using Keys = AttentionKeys<Vector, kKey>;
  using Rows = AttentionRows<Vector>;
  using Walk = AttentionWalk<Vector>;
  const Attend& a = m.attend;
  Rows rows(a);
  Keys::start(rows);
  typename Keys::Transposed transposed(rows.transposed, a.key_size);
  const Walk walk{kv_vector_bytes(kKey, a.key_size), 0};
  walk.for_blocks(a, rows, [&](const typename Rows::Block& block, const typename Walk::Packed& packed, const auto&) {
    transposed.turn(packed.keys, packed.key_stride, block.first, block.end);
    Keys::with_scores(rows, transposed, block, [&](const auto& scores) {
      add_block_attention<Vector>(rows, block, a.state, scores, m.accumulated + (block.index - a.first));
    });
  });
}

template <class Vector>
void merge_attention(const AttentionState& into, const AttentionState& later, std::int64_t tokens, int group,
                     int value_size) noexcept {
  using Batch = typename Vector::Batch;
  for (std::int64_t t = 0; t < tokens; ++t) {
    for (int g = 0; g < group; ++g) {
      const std::int64_t to = t * into.token_stride + g, from = t * later.token_stride + g;
      const float before = into.largest[to], after = later.largest[from], largest = after > before ? after : before;
      float factors[2][Vector::kWidth];
      Vector::store(factors[0], exponential_of_negative<Vector>(Batch(before - largest)));
      Vector::store(factors[1], exponential_of_negative<Vector>(Batch(after - largest)));
      const float old = factors[0][0], added = factors[1][0];
      into.largest[to] = largest;
      into.sums[to] = into.sums[to] * old + later.sums[from] * added;
      float* sum = into.out + to * value_size;
      const float* more = later.out + from * value_size;
      for (int d = 0; d < value_size; ++d) sum[d] = sum[d] * old + more[d] * added;
    }
  }
}

template <class Vector, KvType kKey>
void fill_attention_of_keys(Table& table) {
  Attention<Vector, kKey, KvType::f32>::fill(table);
  Attention<Vector, kKey, KvType::f16>::fill(table);
  Attention<Vector, kKey, KvType::q8_0>::fill(table);
  Attention<Vector, kKey, KvType::q5_0>::fill(table);
  Attention<Vector, kKey, KvType::q4_0>::fill(table);
  Attention<Vector, kKey, KvType::q3_0>::fill(table);
  table.accumulated_attention[static_cast<int>(kKey)] = accumulated_attention<Vector, kKey>;
  table.unpack_kv[static_cast<int>(kKey)] = Cached<Vector, kKey>::unpack_kv;
}

/// The entries of keys that are stored in levels.
template <class Vector>
void fill_attention_of_levels(Table& table) {
  fill_attention_of_keys<Vector, KvType::q8_0>(table);
  fill_attention_of_keys<Vector, KvType::q5_0>(table);
  fill_attention_of_keys<Vector, KvType::q4_0>(table);
  fill_attention_of_keys<Vector, KvType::q3_0>(table);
}

/// Every attention entry of the table except pack_kv to f32, for which the loop of generic is good enough.
template <class Vector>
void fill_attention_from(Table& table) {
  fill_attention_of_keys<Vector, KvType::f32>(table);
  fill_attention_of_keys<Vector, KvType::f16>(table);
  fill_attention_of_levels<Vector>(table);
  table.merge_attention = merge_attention<Vector>;
  table.pack_kv[static_cast<int>(KvType::f16)] = pack_half<Vector>;
  fill_pack_levels(table);
}

}  // namespace
}  // namespace brim::kernels

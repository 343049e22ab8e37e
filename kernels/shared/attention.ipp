// Attention over cached vectors, written once for every set. A block's keys are transposed, and for many rows values, and
// keys that are not multiplied as levels, are first converted to floats in scratch; attention_walk.ipp finds the blocks
// and attention_rows.ipp does the rest. Keys and values may be stored differently: the code that reads keys is
// instantiated once per type of key, the code that reads values once per type of value, and a pair of types only selects
// which of these are called: values through a table (attention_rows.hpp), keys in levels by how many bytes a step has. So
// that it stays that way with 36 pairs, what is done once per block is not inlined.
#pragma once

#include "kernels/shared/attention_level_values.ipp"
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
  static constexpr int kWidth = Vector::kWidth;
  static constexpr int kBlock = kAttentionBlock;

  static constexpr bool kInteger = kIntegerScores<Vector, kType>;

  /// The rows' queries as the scores need them.
  static void start(Rows& rows) {
    row_kernels<Vector>().start(rows, kv_scaled(kType));
    if constexpr (kInteger) round_queries(rows);
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
  static AttentionColumns weigh(const Rows& rows, std::int64_t row, const Transposed& transposed, const Block& block,
                                const EntriesAhead& ahead, float* factors) {
    if constexpr (kInteger) {
      constexpr int kStep = Load::stored(levels_together<Vector>() * kWidth);
      return weigh_levels<Vector, kRows>(rows, row, transposed.levels(), block, {ahead, kStep}, factors);
    } else {
      return weigh_floats<kRows>(rows, row, transposed, block, ahead, factors);
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

 private:
  template <int kRows>
  __attribute__((noinline)) static AttentionColumns weigh_floats(const Rows& rows, std::int64_t row,
                                                                 const Transposed& transposed, const Block& block,
                                                                 const EntriesAhead& ahead, float* factors) {
    const auto load = [&](int d, int column, int v) {
      prefetch_line<Load>(ahead.keys, ahead.key_bytes, Load::stored(d * kBlock + column), v);
      return transposed.load(d, column + v * kWidth);
    };
    return rows.template weigh<kRows>(row, block, rows.float_scores(load), factors);
  }
};

/// The processing of a block's values.
template <class Vector, KvType kType>
struct AttentionValues {
  using Load = Cached<Vector, kType>;
  using Rows = AttentionRows<Vector>;
  static constexpr int kWidth = Vector::kWidth;

  __attribute__((noinline)) static void spread(const AttentionScratch& s, const AttentionBlock& block,
                                               const PackedEntries& packed, const EntriesAhead&) noexcept {
    for (int e = block.first; e < block.end; ++e) {
      Load::spread(packed.values + static_cast<std::size_t>(e) * packed.value_stride, s.call.value_size,
                   s.values + std::int64_t{e} * s.value_stride);
    }
  }

  template <int kRows>
  __attribute__((noinline)) static void add(const AttentionScratch& s, std::int64_t row, AttentionColumns seen,
                                            const PackedEntries& packed, const EntriesAhead& ahead,
                                            const float* factors) noexcept {
    Rows::template add_values<kRows>(s, row, seen, factors, [&](int e, int d, int v) {
      const auto place = static_cast<std::size_t>(e) * packed.value_stride;
      prefetch_line<Load>(ahead.values, ahead.value_bytes, static_cast<std::ptrdiff_t>(place) + Load::stored(d), v);
      return Load::load(packed.values + place, d + v * kWidth);
    });
  }

  static constexpr AttentionValueKernels kernels() {
    return {spread,
            {add<1>, add<2>, add<3>, add<4>, add<5>, add<6>},
            {Rows::template add_floats<1>, Rows::template add_floats<2>, Rows::template add_floats<3>,
             Rows::template add_floats<4>, Rows::template add_floats<5>, Rows::template add_floats<6>}};
  }
};

/// Values in levels are added up as integers where the set has dot products.
template <class Vector, KvType kType>
constexpr AttentionValueKernels value_kernels() {
  if constexpr (kIntegerScores<Vector, kType>) {
    return LevelValues<Vector, kType>::kernels();
  } else {
    return AttentionValues<Vector, kType>::kernels();
  }
}
template <class Vector, KvType kType>
constexpr AttentionValueKernels kValueKernels = value_kernels<Vector, kType>();

template <class Vector>
constexpr AttentionRowKernels kRowKernels = {
    AttentionRows<Vector>::start,
    AttentionRows<Vector>::finish,
    {AttentionRows<Vector>::template weigh_scores<1>, AttentionRows<Vector>::template weigh_scores<2>,
     AttentionRows<Vector>::template weigh_scores<3>, AttentionRows<Vector>::template weigh_scores<4>,
     AttentionRows<Vector>::template weigh_scores<5>, AttentionRows<Vector>::template weigh_scores<6>},
    {kValueKernels<Vector, KvType::f32>, kValueKernels<Vector, KvType::f16>, kValueKernels<Vector, KvType::q8_0>,
     kValueKernels<Vector, KvType::q5_0>, kValueKernels<Vector, KvType::q4_0>, kValueKernels<Vector, KvType::q3_0>}};

/// Where a set only multiplies keys in another way, Vector::weaker_row_kernels() returns those of the set below it.
template <class Vector>
const AttentionRowKernels& row_kernels() {
  if constexpr (requires { Vector::weaker_row_kernels(); }) {
    return Vector::weaker_row_kernels();
  } else {
    return kRowKernels<Vector>;
  }
}

/// Many rows against a block whose values are prepared in scratch, while the next block is prefetched.
template <class Vector, class Scores>
__attribute__((noinline)) void take_many(const AttentionRows<Vector>& rows, const AttentionBlock& block,
                                         const PackedEntries& packed, const EntriesAhead& ahead, const Scores& scores,
                                         const AttentionValueKernels& values) {
  using Walk = AttentionWalk<Vector>;
  typename Walk::Asking asking(ahead, packed, (block.row_end - block.row + kAttentionTile - 1) / kAttentionTile);
  AttentionRows<Vector>::for_tiles(block.row, block.row_end, [&](auto count, std::int64_t row) {
    constexpr int kRows = decltype(count)::value;
    float factors[kRows];
    asking.go_on();
    const auto seen = rows.template weigh<kRows>(row, block, scores, factors);
    values.prepared[kRows - 1](rows, row, seen, packed, ahead, factors);
  });
}

/// What a call has to know about the type of its values.
struct AttentionValueType {
  const AttentionValueKernels& kernels;
  std::size_t bytes;  ///< of a packed value
  bool few;           ///< whether a few rows are processed differently from many
  bool as_stored;     ///< whether these rows read values as they are stored
  bool rotated;
};

template <class Vector, KvType kType>
AttentionValueType value_type(int size) {
  constexpr bool kIntegers = kIntegerScores<Vector, kType>;
  const bool few = kIntegers || Cached<Vector, kType>::whole(size);
  const std::size_t bytes = kv_vector_bytes(kType, size);
  if constexpr (kIntegers) {
    return {kValueKernels<Vector, kType>, bytes, few, false, true};
  } else {
    return {row_kernels<Vector>().values[static_cast<int>(kType)], bytes, few, few, kv_scaled(kType)};
  }
}

template <class Vector, KvType kKey>
struct Attention {
  using Keys = AttentionKeys<Vector, kKey>;
  using Transposed = typename Keys::Transposed;
  using Rows = AttentionRows<Vector>;
  static constexpr int kFewRows = 2 * kAttentionTile;

  static void take_few(const Rows& rows, const Transposed& transposed, const AttentionBlock& block,
                       const PackedEntries& packed, const EntriesAhead& ahead, const AttentionValueKernels& values) {
    Rows::for_tiles(block.row, block.row_end, [&](auto count, std::int64_t row) {
      constexpr int kRows = decltype(count)::value;
      float factors[kRows];
      const auto seen = Keys::template weigh<kRows>(rows, row, transposed, block, ahead, factors);
      values.few[kRows - 1](rows, row, seen, packed, ahead, factors);
    });
  }

  __attribute__((noinline)) static void attend(const Attend& a, const AttentionValueType& values) noexcept {
    Rows rows(a);
    Keys::start(rows);
    Transposed transposed(rows.transposed, a.key_size);
    const bool few = a.tokens * a.group <= kFewRows && values.few;
    const AttentionWalk<Vector> walk{kv_vector_bytes(kKey, a.key_size), values.bytes};
    walk.for_blocks(a, rows, [&](const AttentionBlock& block, const PackedEntries& packed, const EntriesAhead& ahead) {
      transposed.turn(packed.keys, packed.key_stride, block.first, block.end);
      if (!few || !values.as_stored) values.kernels.spread(rows, block, packed, ahead);
      if (few) {
        take_few(rows, transposed, block, packed, ahead, values.kernels);
      } else {
        Keys::with_scores(rows, transposed, block, [&](const auto& scores) {
          take_many<Vector>(rows, block, packed, ahead, scores, values.kernels);
        });
      }
    });
    row_kernels<Vector>().finish(rows, values.rotated);
  }

  /// Table::attend.
  template <KvType kValue>
  static void attend_values(const Attend& a) noexcept {
    attend(a, value_type<Vector, kValue>(a.value_size));
  }

  template <KvType kValue>
  static void fill(Table& table) {
    table.attend[static_cast<int>(kKey)][static_cast<int>(kValue)] = attend_values<kValue>;
  }
};

/// accumulated[column] += the attention weights that the rows give to the columns of a block.
template <class Vector, class Scores>
__attribute__((noinline)) void add_block_attention(const AttentionRows<Vector>& rows, const AttentionBlock& block,
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
  walk.for_blocks(a, rows, [&](const AttentionBlock& block, const PackedEntries& packed, const auto&) {
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
  Attention<Vector, kKey>::template fill<KvType::f32>(table);
  Attention<Vector, kKey>::template fill<KvType::f16>(table);
  Attention<Vector, kKey>::template fill<KvType::q8_0>(table);
  Attention<Vector, kKey>::template fill<KvType::q5_0>(table);
  Attention<Vector, kKey>::template fill<KvType::q4_0>(table);
  Attention<Vector, kKey>::template fill<KvType::q3_0>(table);
  table.accumulated_attention[static_cast<int>(kKey)] = accumulated_attention<Vector, kKey>;
}

template <class Vector, KvType kType>
void fill_unpack(Table& table) {
  table.unpack_kv[static_cast<int>(kType)] = Cached<Vector, kType>::unpack_kv;
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
  fill_unpack<Vector, KvType::f32>(table);
  fill_unpack<Vector, KvType::f16>(table);
  fill_unpack<Vector, KvType::q8_0>(table);
  fill_unpack<Vector, KvType::q5_0>(table);
  fill_unpack<Vector, KvType::q4_0>(table);
  fill_unpack<Vector, KvType::q3_0>(table);
  table.merge_attention = merge_attention<Vector>;
  table.pack_kv[static_cast<int>(KvType::f16)] = pack_half<Vector>;
  fill_pack_levels(table);
}

}  // namespace
}  // namespace brim::kernels

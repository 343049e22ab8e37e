// Scores and weighted sums over cached vectors, and packing them, once for every set. A vector is converted to floats in
// registers, with its block's scale if it has one. A score is the sum of one running vector over the head's dimension
// and a mixed value is added up entry by entry, whatever the tile: neither depends on how many queries or entries
// share the call.
#pragma once

#include "kernels/table.hpp"
#include "quant/half.hpp"

namespace brim::kernels {
namespace {

/// kWidth (or, through load_rest, fewer) values of a cached vector from dimension `d`, a multiple of kWidth.
template <class Vector, KvType kType>
struct Cached {
  using Batch = typename Vector::Batch;
  static constexpr int kBytes = kType == KvType::f32 ? 4 : kType == KvType::f16 ? 2 : 1;

  static Batch load(const std::byte* vector, int d) {
    if constexpr (kType == KvType::f32) return Vector::load(vector + d * 4);
    if constexpr (kType == KvType::f16) return Vector::load_half(vector + d * 2);
    if constexpr (kType == KvType::q8_0) {
      const std::byte* block = vector + d / kKvBlock * (kKvBlock + 2);
      return Vector::load_int8(block + 2 + d % kKvBlock) * Batch(scale_of(block));
    }
  }

  static Batch load_rest(const std::byte* vector, int d, int count) {
    std::byte padded[Vector::kWidth * kBytes] = {};
    if constexpr (kType == KvType::q8_0) {
      const std::byte* block = vector + d / kKvBlock * (kKvBlock + 2);
      __builtin_memcpy(padded, block + 2 + d % kKvBlock, static_cast<std::size_t>(count));
      return Vector::load_int8(padded) * Batch(scale_of(block));
    }
    __builtin_memcpy(padded, vector + d * kBytes, static_cast<std::size_t>(count * kBytes));
    if constexpr (kType == KvType::f32) return Vector::load(padded);
    return Vector::load_half(padded);
  }

 private:
  static float scale_of(const std::byte* block) {
    std::uint16_t bits;
    __builtin_memcpy(&bits, block, 2);
    return quant::f16_to_f32(bits);
  }
};

template <class Vector, KvType kType>
struct Attention {
  using Batch = typename Vector::Batch;
  using Load = Cached<Vector, kType>;
  static constexpr int kWidth = Vector::kWidth;
  static constexpr int kEntries = 4;
  static constexpr int kQueries = Vector::kAttentionQueries;
  static constexpr int kStrip = Vector::kAttentionStrip;  ///< vectors of the head's dimension mixed at once

  /// `entries` ≤ kEntries keys from `entry`, kTile queries from `query`.
  template <int kTile>
  static void score_tile(const KeyScores& k, std::int64_t entry, int entries, int query) {
    const std::byte* keys[kEntries];
    for (int e = 0; e < kEntries; ++e) {
      keys[e] = k.keys + static_cast<std::size_t>(entry + (e < entries ? e : 0)) * k.stride;
    }
    Batch sums[kTile][kEntries];
    for (auto& of_query : sums) {
      for (Batch& sum : of_query) sum = Batch(0.0f);
    }
    int d = 0;
    for (; d + kWidth <= k.head_size; d += kWidth) {
      Batch parts[kEntries];
      for (int e = 0; e < kEntries; ++e) parts[e] = Load::load(keys[e], d);
      for (int q = 0; q < kTile; ++q) {
        const Batch values = Vector::load(k.queries + (query + q) * k.query_stride + d);
        for (int e = 0; e < kEntries; ++e) sums[q][e] = Vector::fma(parts[e], values, sums[q][e]);
      }
    }
    if (const int left = k.head_size - d; left > 0) {
      for (int q = 0; q < kTile; ++q) {
        float padded[kWidth] = {};
        __builtin_memcpy(padded, k.queries + (query + q) * k.query_stride + d, static_cast<std::size_t>(left) * 4);
        const Batch values = Vector::load(padded);
        for (int e = 0; e < kEntries; ++e) sums[q][e] = Vector::fma(Load::load_rest(keys[e], d, left), values, sums[q][e]);
      }
    }
    for (int q = 0; q < kTile; ++q) {
      float four[kEntries];
      Vector::sum4(sums[q][0], sums[q][1], sums[q][2], sums[q][3], four);
      float* scores = k.scores + (query + q) * k.score_stride + entry;
      __builtin_memcpy(scores, four, static_cast<std::size_t>(entries) * 4);
    }
  }

  static void key_scores(const KeyScores& k) noexcept {
    for (std::int64_t entry = 0; entry < k.count; entry += kEntries) {
      const int entries = k.count - entry < kEntries ? static_cast<int>(k.count - entry) : kEntries;
      int query = 0;
      for (; query + kQueries <= k.query_count; query += kQueries) score_tile<kQueries>(k, entry, entries, query);
      for (; query < k.query_count; ++query) score_tile<1>(k, entry, entries, query);
    }
  }

  /// kVectors vectors from dimension `d` (count: their values, fewer than kWidth only with kVectors = 1) for kTile queries.
  template <int kTile, int kVectors>
  static void mix_tile(const ValueMix& v, int query, int d, int count) {
    const bool whole = count >= kWidth;
    Batch sums[kTile][kVectors];
    float padded[kTile][kWidth] = {};
    for (int q = 0; q < kTile; ++q) {
      const float* out = v.out + (query + q) * v.out_stride + d;
      if (!whole) __builtin_memcpy(padded[q], out, static_cast<std::size_t>(count) * 4);
      for (int i = 0; i < kVectors; ++i) sums[q][i] = Vector::load(whole ? out + i * kWidth : padded[q]);
    }
    const std::byte* vector = v.values;
    for (std::int64_t e = 0; e < v.count; ++e, vector += v.stride) {
      Batch parts[kVectors];
      for (int i = 0; i < kVectors; ++i) {
        parts[i] = whole ? Load::load(vector, d + i * kWidth) : Load::load_rest(vector, d, count);
      }
      for (int q = 0; q < kTile; ++q) {
        const Batch weight(v.weights[(query + q) * v.weight_stride + e]);
        for (int i = 0; i < kVectors; ++i) sums[q][i] = Vector::fma(parts[i], weight, sums[q][i]);
      }
    }
    for (int q = 0; q < kTile; ++q) {
      float* out = v.out + (query + q) * v.out_stride + d;
      for (int i = 0; i < kVectors; ++i) Vector::store(whole ? out + i * kWidth : padded[q], sums[q][i]);
      if (!whole) __builtin_memcpy(out, padded[q], static_cast<std::size_t>(count) * 4);
    }
  }

  template <int kTile>
  static void mix_queries(const ValueMix& v, int query) {
    int d = 0;
    for (; d + kStrip * kWidth <= v.head_size; d += kStrip * kWidth) mix_tile<kTile, kStrip>(v, query, d, kStrip * kWidth);
    for (; d + kWidth <= v.head_size; d += kWidth) mix_tile<kTile, 1>(v, query, d, kWidth);
    if (d < v.head_size) mix_tile<kTile, 1>(v, query, d, v.head_size - d);
  }

  static void value_mix(const ValueMix& v) noexcept {
    int query = 0;
    for (; query + kQueries <= v.query_count; query += kQueries) mix_queries<kQueries>(v, query);
    for (; query < v.query_count; ++query) mix_queries<1>(v, query);
  }

  static void unpack_kv(const std::byte* packed, int size, float* values) noexcept {
    int d = 0;
    for (; d + kWidth <= size; d += kWidth) Vector::store(values + d, Load::load(packed, d));
    if (d < size) {
      float padded[kWidth];
      Vector::store(padded, Load::load_rest(packed, d, size - d));
      __builtin_memcpy(values + d, padded, static_cast<std::size_t>(size - d) * 4);
    }
  }

  static void fill(Table& table) {
    table.key_scores[static_cast<int>(kType)] = key_scores;
    table.value_mix[static_cast<int>(kType)] = value_mix;
    table.unpack_kv[static_cast<int>(kType)] = unpack_kv;
  }
};

template <class Vector>
void pack_half(const float* values, int size, std::byte* out) noexcept {
  int i = 0;
  for (; i + Vector::kWidth <= size; i += Vector::kWidth) Vector::store_half(out + i * 2, Vector::load(values + i));
  for (; i < size; ++i) {
    const std::uint16_t bits = quant::f32_to_f16(values[i]);
    __builtin_memcpy(out + i * 2, &bits, 2);
  }
}

/// Every attention entry of the table but pack_kv to f32 and q8_0, which generic's loops do well enough.
template <class Vector>
void fill_attention_from(Table& table) {
  Attention<Vector, KvType::f32>::fill(table);
  Attention<Vector, KvType::f16>::fill(table);
  Attention<Vector, KvType::q8_0>::fill(table);
  table.pack_kv[static_cast<int>(KvType::f16)] = pack_half<Vector>;
}

}  // namespace
}  // namespace brim::kernels

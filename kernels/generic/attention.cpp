// Cached keys and values in plain C++: packing one vector, unpacking it, attention in double.
#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstring>

#include "kernels/generic/fill.hpp"
#include "kernels/shared/pack.ipp"
#include "quant/half.hpp"

namespace brim::kernels::generic {
namespace {

constexpr int kPiece = kKvRotation;  ///< values of one vector packed or unpacked at once: a multiple of kKvBlock

float read_half(const std::byte* at) noexcept {
  std::uint16_t bits;
  std::memcpy(&bits, at, sizeof bits);
  return quant::f16_to_f32(bits);
}

void write_half(float value, std::byte* at) noexcept {
  const std::uint16_t bits = quant::f32_to_f16(value);
  std::memcpy(at, &bits, sizeof bits);
}

/// Level number `place` of a block of `count` values.
template <KvType kType>
int read_level(const std::byte* levels, int count, int place) noexcept {
  if constexpr (kType == KvType::q8_0) return static_cast<std::int8_t>(levels[place]);
  constexpr int kLow = kType == KvType::q3_0 ? 2 : 4;
  const int bytes = kType == KvType::q3_0 ? kv_quarter_bytes(count) : kv_nibble_bytes(count);
  int stored = (static_cast<int>(levels[place % bytes]) >> (place / bytes * kLow)) & ((1 << kLow) - 1);
  if constexpr (kv_level_bits(kType) > kLow) {
    stored |= ((static_cast<int>(levels[bytes + place / 8]) >> (place % 8)) & 1) << kLow;
  }
  return stored - (1 << (kv_level_bits(kType) - 1));
}

/// Values [first, first + count) of a packed vector of `size`, as they are stored; `first` is a multiple of kKvBlock.
template <KvType kType>
void unpack_range(const std::byte* packed, int size, int first, int count, float* values) noexcept {
  if constexpr (kType == KvType::f32) {
    std::memcpy(values, packed + first * 4, static_cast<std::size_t>(count) * 4);
  } else if constexpr (kType == KvType::f16) {
    for (int i = 0; i < count; ++i) values[i] = read_half(packed + (first + i) * 2);
  } else {
    constexpr int kBytes = static_cast<int>(kv_vector_bytes(kType, kKvBlock));
    for (int i = 0; i < count; ++i) {
      const int number = (first + i) / kKvBlock, place = (first + i) % kKvBlock;
      const std::byte* block = packed + number * kBytes;
      const int level = read_level<kType>(block + 2, std::min(kKvBlock, size - number * kKvBlock), place);
      values[i] = read_half(block) * static_cast<float>(level);
    }
  }
}

template <KvType kType>
void unpack_kv(const std::byte* packed, int size, float* values) noexcept {
  unpack_range<kType>(packed, size, 0, size, values);
  if (kv_scaled(kType)) rotate_kv(values, size);
}

void pack_f32(const float* values, int size, std::byte* out) noexcept {
  std::memcpy(out, values, static_cast<std::size_t>(size) * 4);
}

void pack_f16(const float* values, int size, std::byte* out) noexcept {
  for (int i = 0; i < size; ++i) write_half(values[i], out + i * 2);
}

/// Calls body(index, key, value) for all entries of a call.
template <class Body>
void for_entries(const Attend& a, Body body) {
  const KvRun* run = a.runs;
  std::int64_t place = 0;
  for (std::int64_t index = a.first; index < a.end; ++index, ++place) {
    while (place == run->count) {
      ++run;
      place = 0;
    }
    body(index, run->keys + static_cast<std::size_t>(place) * run->key_stride,
         run->values + static_cast<std::size_t>(place) * run->value_stride);
  }
}

/// The queries of a call, rotated where its keys are. Row t · group + g, in the call's scratch.
template <KvType kKey>
const float* stored_queries(const Attend& a) {
  for (std::int64_t t = 0; t < a.tokens; ++t) {
    for (int g = 0; g < a.group; ++g) {
      float* query = a.scratch + (t * a.group + g) * a.key_size;
      std::copy_n(a.queries + t * a.query_stride + g * a.key_size, a.key_size, query);
      if (kv_scaled(kKey)) rotate_kv(query, a.key_size);
    }
  }
  return a.scratch;
}

template <KvType kType>
double score(const Attend& a, const float* query, const std::byte* key) {
  float part[kPiece];
  double sum = 0;
  for (int first = 0; first < a.key_size; first += kPiece) {
    const int count = a.key_size - first < kPiece ? a.key_size - first : kPiece;
    unpack_range<kType>(key, a.key_size, first, count, part);
    for (int d = 0; d < count; ++d) sum += static_cast<double>(part[d]) * static_cast<double>(query[first + d]);
  }
  sum *= static_cast<double>(a.scale);
  const auto cap = static_cast<double>(a.soft_cap);
  return cap > 0 ? cap * std::tanh(sum / cap) : sum;
}

/// The weights of one row, weights[index − a.first]: all scores, then their exponentials. The largest score is the float
/// that the state holds.
template <KvType kKey>
__attribute__((noinline)) void weigh_row(const Attend& a, const float* query, Seen seen, float& largest, float& total,
                                         double* weights) {
  const auto weight_of = [&](std::int64_t index) -> double& { return weights[index - a.first]; };
  const auto sees = [&](std::int64_t index) { return index >= seen.first && index < seen.end; };
  largest = -FLT_MAX;
  for_entries(a, [&](std::int64_t index, const std::byte* key, const std::byte*) {
    if (!sees(index)) return;
    weight_of(index) = score<kKey>(a, query, key);
    const auto found = static_cast<float>(weight_of(index));
    if (found > largest) largest = found;
  });
  double sum = 0;
  for (std::int64_t index = a.first; index < a.end; ++index) {
    if (!sees(index)) continue;
    weight_of(index) = std::exp(weight_of(index) - static_cast<double>(largest));
    sum += weight_of(index);
  }
  total = static_cast<float>(sum);
}

/// out = the values that the row sees, each multiplied by its weight, added up.
template <KvType kValue>
__attribute__((noinline)) void add_values_of_row(const Attend& a, Seen seen, const double* weights, float* out) {
  float part[kKvBlock];
  for (int first = 0; first < a.value_size; first += kKvBlock) {
    const int count = a.value_size - first < kKvBlock ? a.value_size - first : kKvBlock;
    double sums[kKvBlock] = {};
    for_entries(a, [&](std::int64_t index, const std::byte*, const std::byte* value) {
      if (index < seen.first || index >= seen.end) return;
      unpack_range<kValue>(value, a.value_size, first, count, part);
      for (int d = 0; d < count; ++d) sums[d] += weights[index - a.first] * static_cast<double>(part[d]);
    });
    for (int d = 0; d < count; ++d) out[first + d] = static_cast<float>(sums[d]);
  }
  if (kv_scaled(kValue)) rotate_kv(out, a.value_size);
}

template <KvType kKey, KvType kValue>
void attend(const Attend& a) noexcept {
  const float* queries = stored_queries<kKey>(a);
  double weights[kAttentionRange];
  for (std::int64_t t = 0; t < a.tokens; ++t) {
    for (int g = 0; g < a.group; ++g) {
      const std::int64_t row = t * a.state.token_stride + g;
      weigh_row<kKey>(a, queries + (t * a.group + g) * a.key_size, a.seen[t], a.state.largest[row], a.state.sums[row],
                      weights);
      add_values_of_row<kValue>(a, a.seen[t], weights, a.state.out + row * a.value_size);
    }
  }
}

template <KvType kType>
void accumulated_attention(const AccumulatedAttention& m) noexcept {
  const Attend& a = m.attend;
  const float* queries = stored_queries<kType>(a);
  for_entries(a, [&](std::int64_t index, const std::byte* key, const std::byte*) {
    float& accumulated = m.accumulated[index - a.first];
    for (std::int64_t t = 0; t < a.tokens; ++t) {
      if (index < a.seen[t].first || index >= a.seen[t].end) continue;
      for (int g = 0; g < a.group; ++g) {
        const std::int64_t row = t * a.state.token_stride + g;
        const double found = score<kType>(a, queries + (t * a.group + g) * a.key_size, key);
        const double weight = std::exp(found - static_cast<double>(a.state.largest[row]));
        accumulated += static_cast<float>(weight / static_cast<double>(a.state.sums[row]));
      }
    }
  });
}

void merge_attention(const AttentionState& into, const AttentionState& later, std::int64_t tokens, int group,
                     int value_size) noexcept {
  for (std::int64_t t = 0; t < tokens; ++t) {
    for (int g = 0; g < group; ++g) {
      const std::int64_t to = t * into.token_stride + g, from = t * later.token_stride + g;
      const float largest = later.largest[from] > into.largest[to] ? later.largest[from] : into.largest[to];
      const double old = std::exp(static_cast<double>(into.largest[to]) - static_cast<double>(largest));
      const double added = std::exp(static_cast<double>(later.largest[from]) - static_cast<double>(largest));
      const auto mix = [&](float& a, float b) {
        a = static_cast<float>(static_cast<double>(a) * old + static_cast<double>(b) * added);
      };
      mix(into.sums[to], later.sums[from]);
      for (int d = 0; d < value_size; ++d) mix(into.out[to * value_size + d], later.out[from * value_size + d]);
      into.largest[to] = largest;
    }
  }
}

template <KvType kType>
void fill_type(Table& table) {
  constexpr int kIndex = static_cast<int>(kType);
  table.attend[kIndex][static_cast<int>(KvType::f32)] = attend<kType, KvType::f32>;
  table.attend[kIndex][static_cast<int>(KvType::f16)] = attend<kType, KvType::f16>;
  table.attend[kIndex][static_cast<int>(KvType::q8_0)] = attend<kType, KvType::q8_0>;
  table.attend[kIndex][static_cast<int>(KvType::q5_0)] = attend<kType, KvType::q5_0>;
  table.attend[kIndex][static_cast<int>(KvType::q4_0)] = attend<kType, KvType::q4_0>;
  table.attend[kIndex][static_cast<int>(KvType::q3_0)] = attend<kType, KvType::q3_0>;
  table.accumulated_attention[kIndex] = accumulated_attention<kType>;
  table.unpack_kv[kIndex] = unpack_kv<kType>;
}

}  // namespace

void fill_attention(Table& table) {
  fill_type<KvType::f32>(table);
  fill_type<KvType::f16>(table);
  fill_type<KvType::q8_0>(table);
  fill_type<KvType::q5_0>(table);
  fill_type<KvType::q4_0>(table);
  fill_type<KvType::q3_0>(table);
  table.merge_attention = merge_attention;
  table.pack_kv[static_cast<int>(KvType::f32)] = pack_f32;
  table.pack_kv[static_cast<int>(KvType::f16)] = pack_f16;
  fill_pack_levels(table);
}

}  // namespace brim::kernels::generic

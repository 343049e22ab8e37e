// Cached keys and values in plain C++: packing one vector, unpacking it, scores in double, the weighted sum
// rounded after each entry: where a call ends and the next one goes on must not change a bit.
#include <cmath>
#include <cstring>

#include "kernels/generic/fill.hpp"
#include "quant/half.hpp"

namespace brim::kernels::generic {
namespace {

constexpr int kPiece = 256;  ///< values of one vector unpacked at once: a multiple of kKvBlock

float read_half(const std::byte* at) noexcept {
  std::uint16_t bits;
  std::memcpy(&bits, at, sizeof bits);
  return quant::f16_to_f32(bits);
}

void write_half(float value, std::byte* at) noexcept {
  const std::uint16_t bits = quant::f32_to_f16(value);
  std::memcpy(at, &bits, sizeof bits);
}

/// Values [first, first + count) of a packed vector; `first` is a multiple of kKvBlock.
template <KvType kType>
void unpack_part(const std::byte* packed, int first, int count, float* values) noexcept {
  if constexpr (kType == KvType::f32) {
    std::memcpy(values, packed + first * 4, static_cast<std::size_t>(count) * 4);
  } else if constexpr (kType == KvType::f16) {
    for (int i = 0; i < count; ++i) values[i] = read_half(packed + (first + i) * 2);
  } else {
    for (int i = 0; i < count; ++i) {
      const std::byte* block = packed + (first + i) / kKvBlock * (kKvBlock + 2);
      values[i] = read_half(block) * static_cast<float>(static_cast<std::int8_t>(block[2 + (first + i) % kKvBlock]));
    }
  }
}

template <KvType kType>
void unpack_kv(const std::byte* packed, int size, float* values) noexcept {
  unpack_part<kType>(packed, 0, size, values);
}

void pack_f32(const float* values, int size, std::byte* out) noexcept {
  std::memcpy(out, values, static_cast<std::size_t>(size) * 4);
}

void pack_f16(const float* values, int size, std::byte* out) noexcept {
  for (int i = 0; i < size; ++i) write_half(values[i], out + i * 2);
}

/// One scale per 32 values: the half nearest to max|x| / 127 (at most the largest half), and each value's nearest
/// multiple of that stored half. A value that is no number packs as 0.
void pack_q8_0(const float* values, int size, std::byte* out) noexcept {
  for (int first = 0; first < size; first += kKvBlock, out += kKvBlock + 2) {
    const int count = size - first < kKvBlock ? size - first : kKvBlock;
    float largest = 0;
    for (int i = 0; i < count; ++i) {
      const float magnitude = std::fabs(values[first + i]);
      largest = magnitude > largest ? magnitude : largest;
    }
    const float wanted = largest / 127.0f;
    write_half(wanted < quant::kHalfLargest ? wanted : quant::kHalfLargest, out);
    const float scale = read_half(out);
    for (int i = 0; i < count; ++i) {
      float level = scale > 0 ? std::nearbyint(values[first + i] / scale) : 0.0f;
      level = level > 127.0f ? 127.0f : level >= -127.0f ? level : level < -127.0f ? -127.0f : 0.0f;
      out[2 + i] = static_cast<std::byte>(static_cast<std::int8_t>(level));
    }
  }
}

template <KvType kType>
void key_scores(const KeyScores& k) noexcept {
  float part[kPiece];
  for (std::int64_t e = 0; e < k.count; ++e) {
    const std::byte* key = k.keys + static_cast<std::size_t>(e) * k.stride;
    for (int q = 0; q < k.query_count; ++q) {
      const float* query = k.queries + q * k.query_stride;
      double sum = 0;
      for (int first = 0; first < k.head_size; first += kPiece) {
        const int count = k.head_size - first < kPiece ? k.head_size - first : kPiece;
        unpack_part<kType>(key, first, count, part);
        for (int d = 0; d < count; ++d) sum += static_cast<double>(part[d]) * static_cast<double>(query[first + d]);
      }
      k.scores[q * k.score_stride + e] = static_cast<float>(sum);
    }
  }
}

template <KvType kType>
void value_mix(const ValueMix& v) noexcept {
  float part[kKvBlock];
  for (int q = 0; q < v.query_count; ++q) {
    for (int first = 0; first < v.head_size; first += kKvBlock) {
      const int count = v.head_size - first < kKvBlock ? v.head_size - first : kKvBlock;
      float* out = v.out + q * v.out_stride + first;
      for (std::int64_t e = 0; e < v.count; ++e) {
        unpack_part<kType>(v.values + static_cast<std::size_t>(e) * v.stride, first, count, part);
        const auto weight = static_cast<double>(v.weights[q * v.weight_stride + e]);
        for (int d = 0; d < count; ++d) {
          out[d] = static_cast<float>(static_cast<double>(out[d]) + weight * static_cast<double>(part[d]));
        }
      }
    }
  }
}

template <KvType kType>
void fill_type(Table& table) {
  constexpr int kIndex = static_cast<int>(kType);
  table.key_scores[kIndex] = key_scores<kType>;
  table.value_mix[kIndex] = value_mix<kType>;
  table.unpack_kv[kIndex] = unpack_kv<kType>;
}

}  // namespace

void fill_attention(Table& table) {
  fill_type<KvType::f32>(table);
  fill_type<KvType::f16>(table);
  fill_type<KvType::q8_0>(table);
  table.pack_kv[static_cast<int>(KvType::f32)] = pack_f32;
  table.pack_kv[static_cast<int>(KvType::f16)] = pack_f16;
  table.pack_kv[static_cast<int>(KvType::q8_0)] = pack_q8_0;
}

}  // namespace brim::kernels::generic

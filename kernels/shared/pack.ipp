// Packing cached vectors into types with levels, in plain C++ that compilers turn into vectors: every step is done value
// by value, and sums have one order, so all sets, generic included, store the same bits.
#pragma once

#include "kernels/shared/hadamard.ipp"
#include "kernels/table.hpp"
#include "quant/half.hpp"

namespace brim::kernels {
namespace {

/// A block's values, with zeros behind them, its stored scale, and its levels.
struct PackedBlock {
  float values[kKvBlock];
  float levels[kKvBlock];
  std::uint16_t scale;
};

/// Takes `wanted` as the scale (the half nearest to it, at most the largest half) and gives each value the nearest level
/// from `lowest` to `highest`. Returns Σ error². Where the scale is NaN, all values of the block are NaN when they are
/// read: a damaged model is then detected by its logits.
inline float choose_levels(PackedBlock& block, float wanted, float lowest, float highest) {
  constexpr float kRound = 12582912.0f;  // 1.5 · 2^23: adding it rounds small numbers to whole ones, to nearest even
  wanted = wanted > quant::kHalfLargest    ? quant::kHalfLargest
           : wanted < -quant::kHalfLargest ? -quant::kHalfLargest
                                           : wanted;
  block.scale = quant::f32_to_f16(wanted);
  const float scale = quant::f16_to_f32(block.scale);
  float errors[kKvBlock];
  for (int i = 0; i < kKvBlock; ++i) {
    float level = scale == 0.0f ? 0.0f : block.values[i] / scale;
    level = level > lowest ? level : lowest;  // NaN too
    level = level < highest ? level : highest;
    level = level + kRound - kRound;
    const float error = block.values[i] - level * scale;
    block.levels[i] = level;
    errors[i] = error * error;
  }
  for (int half = kKvBlock / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) errors[i] += errors[i + half];
  }
  return errors[0];
}

/// The value of largest magnitude, or NaN if any is.
inline float extreme_of(const float* values) {
  float extreme = 0;
  bool nan = false;
  for (int i = 0; i < kKvBlock; ++i) {
    extreme = __builtin_fabsf(values[i]) > __builtin_fabsf(extreme) ? values[i] : extreme;
    nan |= values[i] != values[i];
  }
  return nan ? __builtin_nanf("") : extreme;
}

/// q8_0: the scale is max|x| / 127, levels are −127 … 127. The others: the value of largest magnitude is at the lowest
/// level, the only one without a counterpart; of that scale and its neighbours, the one with the smallest Σ error².
/// Shrinking it cuts off a few large values and makes the steps of all others finer.
template <KvType kType>
void quantise(PackedBlock& block) {
  const float extreme = extreme_of(block.values);
  if constexpr (kType == KvType::q8_0) {
    choose_levels(block, __builtin_fabsf(extreme) / 127.0f, -127.0f, 127.0f);
  } else {
    constexpr float kLowest = -static_cast<float>(1 << (kv_level_bits(kType) - 1)), kHighest = -kLowest - 1.0f;
    constexpr float kNeighbours[] = {0.95f, 0.9f, 0.85f, 0.8f, 1.05f};
    const float scale = extreme / kLowest;
    float smallest = choose_levels(block, scale, kLowest, kHighest);
    PackedBlock other;
    __builtin_memcpy(other.values, block.values, sizeof other.values);
    for (const float factor : kNeighbours) {
      const float error = choose_levels(other, scale * factor, kLowest, kHighest);
      if (error < smallest) {
        smallest = error;
        block = other;
      }
    }
  }
}

/// Writes the scale and the levels of the first `count` values (kv_type.hpp).
template <KvType kType>
void write_block(const PackedBlock& block, int count, std::byte* out) {
  __builtin_memcpy(out, &block.scale, 2);
  out += 2;
  if constexpr (kType == KvType::q8_0) {
    for (int i = 0; i < count; ++i) out[i] = static_cast<std::byte>(static_cast<std::int8_t>(block.levels[i]));
  } else {
    constexpr int kLow = kType == KvType::q3_0 ? 2 : 4;  // bits that share bytes with other values
    const int bytes = kType == KvType::q3_0 ? kv_quarter_bytes(count) : kv_nibble_bytes(count);
    // What lies behind the last value is level 0, in the places that exist.
    std::uint8_t stored[kKvBlock + 4];
    for (int i = 0; i < kKvBlock + 4; ++i) {
      const int level = i < count ? static_cast<int>(block.levels[i < kKvBlock ? i : 0]) : 0;
      stored[i] = static_cast<std::uint8_t>(level + (1 << (kv_level_bits(kType) - 1)));
    }
    for (int i = 0; i < bytes; ++i) {
      int byte = 0;
      for (int part = 0; part < 8 / kLow; ++part) {
        byte |= (stored[i + part * bytes] & ((1 << kLow) - 1)) << (part * kLow);
      }
      out[i] = static_cast<std::byte>(byte);
    }
    if constexpr (kv_level_bits(kType) > kLow) {
      for (int i = 0; i < (count + 7) / 8; ++i) {
        int byte = 0;
        for (int bit = 0; bit < 8 && 8 * i + bit < kKvBlock; ++bit) byte |= (stored[8 * i + bit] >> kLow) << bit;
        out[bytes + i] = static_cast<std::byte>(byte);
      }
    }
  }
}

/// Table::pack_kv of a type with levels.
template <KvType kType>
void pack_levels(const float* values, int size, std::byte* out) noexcept {
  float rotated[kKvRotation];
  for (int first = 0; first < size; first += kKvRotation) {
    const int together = size - first < kKvRotation ? size - first : kKvRotation;
    __builtin_memcpy(rotated, values + first, static_cast<std::size_t>(together) * 4);
    rotate_kv(rotated, together);
    for (int at = 0; at < together; at += kKvBlock) {
      const int count = together - at < kKvBlock ? together - at : kKvBlock;
      PackedBlock block{};
      __builtin_memcpy(block.values, rotated + at, static_cast<std::size_t>(count) * 4);
      quantise<kType>(block);
      write_block<kType>(block, count, out);
      out += 2 + kv_level_bytes(kType, count);
    }
  }
}

/// Table::pack_kv of all types with levels.
inline void fill_pack_levels(Table& table) {
  table.pack_kv[static_cast<int>(KvType::q8_0)] = pack_levels<KvType::q8_0>;
  table.pack_kv[static_cast<int>(KvType::q5_0)] = pack_levels<KvType::q5_0>;
  table.pack_kv[static_cast<int>(KvType::q4_0)] = pack_levels<KvType::q4_0>;
  table.pack_kv[static_cast<int>(KvType::q3_0)] = pack_levels<KvType::q3_0>;
}

}  // namespace
}  // namespace brim::kernels

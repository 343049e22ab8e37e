// Cached key and value vectors as floats in registers, as they are stored, with their block's scale if they have one, and
// back: written once for every set.
#pragma once

#include "kernels/shared/hadamard.ipp"
#include "kernels/table.hpp"
#include "quant/half.hpp"

namespace brim::kernels {
namespace {

/// Eight levels, from value `d` on (a multiple of 8), of a whole block of q5_0 or q3_0; value d is in the lowest byte.
template <KvType kType>
inline std::uint64_t eight_levels(const std::byte* levels, int d) {
  static_assert(kType == KvType::q5_0 || kType == KvType::q3_0);
  constexpr std::uint64_t kEach = 0x0101010101010101;
  constexpr int kLow = kType == KvType::q5_0 ? 4 : 2, kBytes = kKvBlock * kLow / 8;
  constexpr std::uint64_t kMiddle = kEach << kLow;  // what is added to each level
  std::uint64_t low;
  __builtin_memcpy(&low, levels + d % kBytes, 8);
  low = (low >> (d / kBytes * kLow)) & (kEach * ((1 << kLow) - 1));
  // Bit i of the byte in byte i: not zero where it is set, so that adding 127 carries into the byte's highest bit.
  const std::uint64_t bits = (static_cast<std::uint64_t>(levels[kBytes + d / 8]) * kEach) & 0x8040201008040201;
  const std::uint64_t high = ((bits + kEach * 127) >> 7) & kEach;
  constexpr std::uint64_t kTop = kEach << 7;  // keeps borrows inside each byte
  return (((high << kLow | low) | kTop) - kMiddle) ^ kTop;
}

/// All levels of a block of `count` values, with zeros behind them.
template <KvType kType>
inline void all_levels(const std::byte* levels, int count, std::int8_t* out) {
  if constexpr (kType == KvType::q5_0 || kType == KvType::q3_0) {
    if (count == kKvBlock) {
      for (int d = 0; d < kKvBlock; d += 8) {
        const std::uint64_t eight = eight_levels<kType>(levels, d);
        __builtin_memcpy(out + d, &eight, 8);
      }
      return;
    }
  }
  constexpr int kLow = kType == KvType::q3_0 ? 2 : 4, kMiddle = 1 << (kv_level_bits(kType) - 1);
  const int bytes = kType == KvType::q3_0 ? kv_quarter_bytes(count) : kv_nibble_bytes(count);
  __builtin_memset(out, 0, kKvBlock);
  for (int i = 0; i < count; ++i) {
    int stored = (static_cast<int>(levels[i % bytes]) >> (i / bytes * kLow)) & ((1 << kLow) - 1);
    if constexpr (kv_level_bits(kType) > kLow) {
      stored |= ((static_cast<int>(levels[bytes + i / 8]) >> (i % 8)) & 1) << kLow;
    }
    out[i] = static_cast<std::int8_t>(stored - kMiddle);
  }
}

/// The bytes of a block of kKvBlock values with a scale in front.
constexpr int kv_block_bytes(KvType type) { return static_cast<int>(kv_vector_bytes(type, kKvBlock)); }

/// kWidth (or, through load_rest, fewer) values of a cached vector from dimension `d`, a multiple of kWidth.
template <class Vector, KvType kType>
struct Cached {
  using Batch = typename Vector::Batch;
  static constexpr int kWidth = Vector::kWidth;
  /// The bytes of one value; where values share a byte, the bytes after they are separated.
  static constexpr int kBytes = kType == KvType::f32 ? 4 : kType == KvType::f16 ? 2 : 1;
  /// Whether values share bytes.
  static constexpr bool kShared = kv_below_8_bits(kType);
  /// Roughly how many bytes this many values take in memory.
  static constexpr int stored(int values) { return kShared ? values * kv_level_bits(kType) / 8 : values * kBytes; }
  /// Whether load() reaches all values of a vector of this size.
  static constexpr bool whole(int size) { return size % kWidth == 0 && (!kShared || size % kKvBlock == 0); }

  /// Not for a short block of values that share bytes.
  static Batch load(const std::byte* vector, int d) {
    if constexpr (kType == KvType::f32) return Vector::load(vector + d * 4);
    if constexpr (kType == KvType::f16) return Vector::load_half(vector + d * 2);
    if constexpr (kv_scaled(kType)) {
      const std::byte* block = vector + d / kKvBlock * kv_block_bytes(kType);
      if constexpr (kType == KvType::q8_0) {
        return Vector::load_int8(block + 2 + d % kKvBlock) * Batch(scale_of(block));
      } else if constexpr (kType == KvType::q4_0) {
        constexpr int kHalf = kKvBlock / 2;
        return Vector::load_nibbles(block + 2 + d % kHalf, d % kKvBlock < kHalf ? 0 : 4) * Batch(scale_of(block));
      } else {
        std::uint64_t levels[(kWidth + 7) / 8];
        for (int i = 0; i < kWidth; i += 8) levels[i / 8] = eight_levels<kType>(block + 2, (d + i) % kKvBlock / 8 * 8);
        return Vector::load_int8(reinterpret_cast<const std::byte*>(levels) + d % 8) * Batch(scale_of(block));
      }
    }
  }

  static Batch load_rest(const std::byte* vector, int d, int count) {
    std::byte padded[kWidth * kBytes] = {};
    if constexpr (kType == KvType::q8_0) {
      const std::byte* block = vector + d / kKvBlock * kv_block_bytes(kType);
      __builtin_memcpy(padded, block + 2 + d % kKvBlock, static_cast<std::size_t>(count));
      return Vector::load_int8(padded) * Batch(scale_of(block));
    }
    __builtin_memcpy(padded, vector + d * kBytes, static_cast<std::size_t>(count * kBytes));
    if constexpr (kType == KvType::f32) return Vector::load(padded);
    return Vector::load_half(padded);
  }

  /// All values of a vector, padded with zeros up to a multiple of kWidth.
  static void spread(const std::byte* packed, int size, float* values) {
    if constexpr (kShared) {
      const int whole = size / kKvBlock * kKvBlock;
      for (int d = 0; d < whole; d += kWidth) Vector::store(values + d, load(packed, d));
      if (whole < size) spread_short(packed + whole / kKvBlock * kv_block_bytes(kType), size - whole, values + whole);
    } else {
      int d = 0;
      for (; d + kWidth <= size; d += kWidth) Vector::store(values + d, load(packed, d));
      if (d < size) Vector::store(values + d, load_rest(packed, d, size - d));
    }
  }

  static void unpack_kv(const std::byte* packed, int size, float* values) noexcept {
    const int whole = size / kKvBlock * kKvBlock;
    spread(packed, whole, values);
    if (whole < size) {
      float rest[kKvBlock];
      const std::byte* at = packed + (kv_scaled(kType) ? whole / kKvBlock * kv_block_bytes(kType) : whole * kBytes);
      spread(at, size - whole, rest);
      __builtin_memcpy(values + whole, rest, static_cast<std::size_t>(size - whole) * 4);
    }
    if (kv_scaled(kType)) rotate_kv(values, size);
  }

 private:
  static float scale_of(const std::byte* block) {
    std::uint16_t bits;
    __builtin_memcpy(&bits, block, 2);
    return quant::f16_to_f32(bits);
  }

  /// A block of fewer than kKvBlock values that share bytes.
  static void spread_short(const std::byte* block, int count, float* values) {
    std::int8_t levels[kKvBlock];
    all_levels<kType>(block + 2, count, levels);
    const Batch scale(scale_of(block));
    for (int i = 0; i < count; i += kWidth) Vector::store(values + i, Vector::load_int8(levels + i) * scale);
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

}  // namespace
}  // namespace brim::kernels

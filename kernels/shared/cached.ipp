// Cached key and value vectors as floats in registers, as they are stored, with their block's scale if they have one, and
// back: written once for every set.
#pragma once

#include "kernels/shared/hadamard.ipp"
#include "kernels/table.hpp"
#include "quant/half.hpp"

namespace brim::kernels {
namespace {

/// The bytes of a block of kKvBlock values with a scale in front.
constexpr int kv_block_bytes(KvType type) { return static_cast<int>(kv_vector_bytes(type, kKvBlock)); }

/// kWidth (or, through load_rest, fewer) values of a cached vector from dimension `d`, a multiple of kWidth.
template <class Vector, KvType kType>
struct Cached {
  using Batch = typename Vector::Batch;
  static constexpr int kWidth = Vector::kWidth;
  /// The bytes of one value; in q4_0, where two values share a byte, the bytes after they are separated.
  static constexpr int kBytes = kType == KvType::f32 ? 4 : kType == KvType::f16 ? 2 : 1;
  /// Roughly how many bytes this many values take in memory.
  static constexpr int stored(int values) { return kType == KvType::q4_0 ? values / 2 : values * kBytes; }
  /// Whether load() reaches all values of a vector of this size.
  static constexpr bool whole(int size) {
    return size % kWidth == 0 && (kType != KvType::q4_0 || size % kKvBlock == 0);
  }

  /// False for a short block of q4_0.
  static Batch load(const std::byte* vector, int d) {
    if constexpr (kType == KvType::f32) return Vector::load(vector + d * 4);
    if constexpr (kType == KvType::f16) return Vector::load_half(vector + d * 2);
    if constexpr (kv_scaled(kType)) {
      const std::byte* block = vector + d / kKvBlock * kv_block_bytes(kType);
      if constexpr (kType == KvType::q8_0) return Vector::load_int8(block + 2 + d % kKvBlock) * Batch(scale_of(block));
      constexpr int kHalf = kKvBlock / 2;
      return Vector::load_nibbles(block + 2 + d % kHalf, d % kKvBlock < kHalf ? 0 : 4) * Batch(scale_of(block));
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
    if constexpr (kType == KvType::q4_0) {
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

  /// A q4_0 block of fewer than kKvBlock values.
  static void spread_short(const std::byte* block, int count, float* values) {
    const int half = kv_nibble_bytes(count);
    std::int8_t levels[kKvBlock] = {};
    for (int i = 0; i < count; ++i) {
      const int pair = static_cast<int>(block[2 + i % half]);
      levels[i] = static_cast<std::int8_t>((i < half ? pair & 15 : pair >> 4) - 8);
    }
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

// Cached key and value vectors as floats in registers, with their block's scale if they have one, and back: once for
// every set.
#pragma once

#include "kernels/table.hpp"
#include "quant/half.hpp"

namespace brim::kernels {
namespace {

/// kWidth (or, through load_rest, fewer) values of a cached vector from dimension `d`, a multiple of kWidth.
template <class Vector, KvType kType>
struct Cached {
  using Batch = typename Vector::Batch;
  static constexpr int kWidth = Vector::kWidth;
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
    std::byte padded[kWidth * kBytes] = {};
    if constexpr (kType == KvType::q8_0) {
      const std::byte* block = vector + d / kKvBlock * (kKvBlock + 2);
      __builtin_memcpy(padded, block + 2 + d % kKvBlock, static_cast<std::size_t>(count));
      return Vector::load_int8(padded) * Batch(scale_of(block));
    }
    __builtin_memcpy(padded, vector + d * kBytes, static_cast<std::size_t>(count * kBytes));
    if constexpr (kType == KvType::f32) return Vector::load(padded);
    return Vector::load_half(padded);
  }

  static void unpack_kv(const std::byte* packed, int size, float* values) noexcept {
    int d = 0;
    for (; d + kWidth <= size; d += kWidth) Vector::store(values + d, load(packed, d));
    if (d < size) {
      float padded[kWidth];
      Vector::store(padded, load_rest(packed, d, size - d));
      __builtin_memcpy(values + d, padded, static_cast<std::size_t>(size - d) * 4);
    }
  }

 private:
  static float scale_of(const std::byte* block) {
    std::uint16_t bits;
    __builtin_memcpy(&bits, block, 2);
    return quant::f16_to_f32(bits);
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

// Conversion of activations to 8 bits, written once for every set: loops over fixed lengths that the compiler
// vectorises with the set's flags. The rules (rounding, tiny and not-finite blocks) are those of Q8Blocks32 in
// table.hpp.
#pragma once

#include <cmath>

#include "kernels/table.hpp"

namespace brim::kernels {
namespace {

/// The bits of the largest magnitude: for floats without their sign the order of the bits is the order of the values,
/// with infinity and NaN at the end, and the maximum of integers can be vectorised.
template <int kCount>
std::int32_t largest_magnitude(const float* values) {
  std::int32_t largest = 0;
  for (int i = 0; i < kCount; ++i) {
    const std::int32_t bits = __builtin_bit_cast(std::int32_t, values[i]) & 0x7fffffff;
    largest = bits > largest ? bits : largest;
  }
  return largest;
}

/// Quantises kCount values; returns their scale.
template <int kCount>
float quantise(const float* __restrict values, std::int8_t* __restrict quants) {
  const std::int32_t bits = largest_magnitude<kCount>(values);
  const float largest = __builtin_bit_cast(float, bits);
  if (bits >= 0x7f800000 || largest < 1e-36f) {
    for (int i = 0; i < kCount; ++i) quants[i] = 0;
    return bits >= 0x7f800000 ? NAN : 0.0f;
  }
  const float inverse = 127.0f / largest;
  for (int i = 0; i < kCount; ++i) {
    quants[i] = static_cast<std::int8_t>(static_cast<std::int32_t>(__builtin_rintf(values[i] * inverse)));
  }
  return largest / 127.0f;
}

/// Calls each(256 floats, output) along a row; the last piece is padded with zeros.
template <class Block, class Each>
void for_each_256(const float* values, std::int64_t cols, std::byte* out, Each each) {
  auto* block = reinterpret_cast<Block*>(out);
  for (; cols >= 256; cols -= 256, values += 256) each(values, *block++);
  if (cols > 0) {
    float padded[256] = {};
    __builtin_memcpy(padded, values, static_cast<std::size_t>(cols) * 4);
    each(static_cast<const float*>(padded), *block);
  }
}

void prepare_q8_32(const float* values, std::int64_t cols, std::byte* out) noexcept {
  for_each_256<Q8Blocks32>(values, cols, out, [](const float* from, Q8Blocks32& group) {
    for (int b = 0; b < 8; ++b) {
      std::int8_t quants[32];
      group.scales[b] = quantise<32>(from + 32 * b, quants);
      std::int32_t sum = 0;
      for (int i = 0; i < 32; ++i) sum += quants[i];
      group.sums[b] = sum;
      __builtin_memcpy(group.quants + q8_32_index(b, 0), quants, 16);
      __builtin_memcpy(group.quants + q8_32_index(b, 16), quants + 16, 16);
    }
  });
}

void prepare_q8_256(const float* values, std::int64_t cols, std::byte* out) noexcept {
  for_each_256<Q8Block256>(values, cols, out, [](const float* from, Q8Block256& block) {
    block.scale = quantise<256>(from, block.quants);
    __builtin_memset(block.unused, 0, sizeof block.unused);
    for (int s = 0; s < 16; ++s) {
      std::int32_t sum = 0;
      for (int i = 0; i < 16; ++i) sum += block.quants[16 * s + i];
      block.sums[s] = static_cast<std::int16_t>(sum);
    }
  });
}

template <bool kWords>
void prepare_q16(const float* values, std::int64_t cols, std::byte* out) noexcept {
  for (; cols > 0; cols -= 32, values += 32, out += sizeof(Q16Block)) {
    float padded[32] = {};
    if (cols < 32) {
      __builtin_memcpy(padded, values, static_cast<std::size_t>(cols) * 4);
      values = padded;
    }
    auto& block = *reinterpret_cast<Q16Block*>(out);
    __builtin_memset(out, 0, sizeof block);
    const std::int32_t bits = largest_magnitude<32>(values);
    const float largest = __builtin_bit_cast(float, bits);
    if (bits >= 0x7f800000 || largest < 1e-36f) {
      block.scale = bits >= 0x7f800000 ? NAN : 0.0f;
      block.weighted_sums[0] = block.weighted_sums[1] = block.weighted_sum = block.scale;
      continue;
    }
    const float inverse = 32512.0f / largest;
    std::int16_t quants[32];
    for (int i = 0; i < 32; ++i) {
      const std::int32_t quant = static_cast<std::int32_t>(__builtin_rintf(values[i] * inverse));
      const std::int32_t high = (quant + 128) >> 8;
      std::int32_t low = quant - (high << 8);
      low = low < -127 ? -127 : low;
      if constexpr (!kWords) {
        block.high[i] = static_cast<std::int8_t>(high);
        block.low[i] = static_cast<std::int8_t>(low);
      }
      quants[i] = static_cast<std::int16_t>((high << 8) + low);
    }
    if constexpr (kWords) __builtin_memcpy(out + kQ16Quants, quants, sizeof quants);
    block.scale = largest / 32512.0f;
    for (int half = 0; half < 2; ++half) {
      std::int32_t sum = 0;
      for (int i = 0; i < 16; ++i) sum += quants[16 * half + i];
      block.sums[half] = sum;
      block.weighted_sums[half] = block.scale * static_cast<float>(sum);
    }
    block.sum = block.sums[0] + block.sums[1];
    block.weighted_sum = block.scale * static_cast<float>(block.sum);
  }
}

void fill_prepare(Table& table) {
  table.prepare[static_cast<int>(Activation::q8_32)] = prepare_q8_32;
  table.prepare[static_cast<int>(Activation::q8_256)] = prepare_q8_256;
  table.prepare[static_cast<int>(Activation::q16_32)] = prepare_q16<false>;
  table.prepare[static_cast<int>(Activation::q16_words)] = prepare_q16<true>;
}

}  // namespace
}  // namespace brim::kernels

// The two 16-bit float formats: IEEE binary16 ("half") and bfloat16, to and from float. Exact: every bit pattern
// converts as IEEE 754 says (round to nearest even, subnormals, infinities; a signalling NaN becomes quiet), also
// under flush-to-zero. The lowest file of quant/; the scales inside blocks are halves.
//
// Everything here and in the headers of quant/formats/ is `static`: these headers are compiled into the kernels of
// every instruction set, and a plain `inline` function would leave a weak symbol there. The linker keeps only one of
// these symbols — maybe the one that a strong set compiled, which a weak machine cannot run. For the same reason the
// structs have no member functions and nothing of namespace std is called.
#pragma once

#include <bit>
#include <cstdint>

#if defined(__F16C__)
#include <immintrin.h>
#endif

namespace brim::quant {

static_assert(std::endian::native == std::endian::little, "packed blocks are little-endian, as in GGUF files");

/// Two bytes that hold a half, without alignment: blocks in a mapped file may start at any address.
struct Half {
  std::uint8_t bytes[2];
};
static_assert(sizeof(Half) == 2 && alignof(Half) == 1);

/// The largest finite half.
static constexpr float kHalfLargest = 65504.0f;

/// half → float by integer arithmetic alone, for any machine and for constant expressions.
static constexpr float portable_f16_to_f32(std::uint16_t bits) noexcept {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000u) << 16;
  const std::uint32_t magnitude = bits & 0x7FFFu;
  const std::uint32_t exponent = magnitude >> 10;
  const std::uint32_t normal = (magnitude << 13) + (112u << 23);  // re-bias the exponent from 15 to 127
  const std::uint32_t quiet = (magnitude & 0x3FFu) != 0 ? 0x400000u : 0u;
  const std::uint32_t special = (normal + (112u << 23)) | quiet;
  const std::uint32_t subnormal = __builtin_bit_cast(std::uint32_t, static_cast<float>(magnitude) * 0x1p-24f);
  return __builtin_bit_cast(float, sign | (exponent == 0 ? subnormal : exponent == 31 ? special : normal));
}

/// float → half, to nearest even; too large becomes infinity.
static constexpr std::uint16_t portable_f32_to_f16(float value) noexcept {
  const std::uint32_t bits = __builtin_bit_cast(std::uint32_t, value);
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  const std::uint32_t magnitude = bits & 0x7FFFFFFFu;
  std::uint32_t half = 0;
  if (magnitude > 0x7F800000u) {
    half = 0x7E00u | ((magnitude >> 13) & 0x3FFu);
  } else if (magnitude >= 0x477FF000u) {  // 65520 and above
    half = 0x7C00u;
  } else if (magnitude >= 0x38800000u) {  // normal: 2^-14 and above
    half = (magnitude + 0xFFFu + ((magnitude >> 13) & 1u) - (112u << 23)) >> 13;
  } else {  // subnormal: adding 1/2 moves its bits to the end of the fraction, rounding on the way
    half = __builtin_bit_cast(std::uint32_t, __builtin_bit_cast(float, magnitude) + 0.5f) - 0x3F000000u;
  }
  return static_cast<std::uint16_t>(sign | half);
}

/// The value of a half. Uses the CPU's instruction where the flags of the translation unit allow it.
static constexpr float f16_to_f32(std::uint16_t bits) noexcept {
#if defined(__F16C__)
  if (!__builtin_is_constant_evaluated()) return _cvtsh_ss(bits);
#elif defined(__ARM_FP16_FORMAT_IEEE) && defined(__aarch64__)
  if (!__builtin_is_constant_evaluated()) return static_cast<float>(__builtin_bit_cast(__fp16, bits));
#endif
  return portable_f16_to_f32(bits);
}

/// The half nearest to a float.
static constexpr std::uint16_t f32_to_f16(float value) noexcept {
#if defined(__F16C__)
  if (!__builtin_is_constant_evaluated()) {
    return static_cast<std::uint16_t>(_mm_extract_epi16(_mm_cvtps_ph(_mm_set_ss(value), _MM_FROUND_TO_NEAREST_INT), 0));
  }
#elif defined(__ARM_FP16_FORMAT_IEEE) && defined(__aarch64__)
  if (!__builtin_is_constant_evaluated()) return __builtin_bit_cast(std::uint16_t, static_cast<__fp16>(value));
#endif
  return portable_f32_to_f16(value);
}

/// The value of a bfloat16: the upper half of a float.
static constexpr float bf16_to_f32(std::uint16_t bits) noexcept {
  return __builtin_bit_cast(float, static_cast<std::uint32_t>(bits) << 16);
}

/// The bfloat16 nearest to a float, to even; a NaN stays one.
static constexpr std::uint16_t f32_to_bf16(float value) noexcept {
  const std::uint32_t bits = __builtin_bit_cast(std::uint32_t, value);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
}

/// Two little-endian bytes as a number.
static inline std::uint16_t load_u16(const std::uint8_t* bytes) noexcept {
  std::uint16_t bits;
  __builtin_memcpy(&bits, bytes, sizeof bits);
  return bits;
}

/// The value of a half inside a block.
static inline float load(const Half& half) noexcept { return f16_to_f32(load_u16(half.bytes)); }

/// Stores the nearest finite half (a value that is too large saturates, so that no block ever holds an infinity) and
/// returns the stored value: quantising against that, not against `value`, keeps the scale's rounding out of the error.
static inline float store(Half& half, float value) noexcept {
  value = value > kHalfLargest ? kHalfLargest : value < -kHalfLargest ? -kHalfLargest : value;
  const std::uint16_t bits = f32_to_f16(value);
  __builtin_memcpy(half.bytes, &bits, sizeof bits);
  return f16_to_f32(bits);
}

}  // namespace brim::quant

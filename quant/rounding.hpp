// Rounds a scaled value to a level of a grid, as every pack() does with every value. Like half.hpp at the bottom of
// quant/, and static for the reason given there.
#pragma once

namespace brim::quant {

/// The integer nearest to `value` (ties to even), clamped to [min, max]; |min|, |max| < 2^22. The addition pushes the
/// fraction out of the float, which every compiler vectorises, unlike a call of rintf.
static inline float nearest_level(float value, float min, float max) noexcept {
  value = value < min ? min : value;
  value = value > max ? max : value;
  return (value + 12582912.0f) - 12582912.0f;
}

/// 1 / scale, or 0 for a scale of 0 or one so small that its inverse is not a finite float.
static inline float inverse_or_zero(float scale) noexcept {
  return scale > 1e-37f || scale < -1e-37f ? 1.0f / scale : 0.0f;
}

}  // namespace brim::quant

// Sums and products of sizes that stop at the largest number instead of wrapping. Shapes come from model files, which
// are untrusted: a context of 2³¹ tokens times a million heads must compare as "far too much", not as a small number.
#pragma once

#include <cstdint>
#include <limits>

namespace brim::kv {

inline constexpr std::int64_t kSaturated = std::numeric_limits<std::int64_t>::max();

/// a · b for a, b ≥ 0, or kSaturated.
constexpr std::int64_t times(std::int64_t a, std::int64_t b) {
  if (a == 0 || b == 0) return 0;
  return a > kSaturated / b ? kSaturated : a * b;
}

/// a + b for a, b ≥ 0, or kSaturated.
constexpr std::int64_t plus(std::int64_t a, std::int64_t b) { return a > kSaturated - b ? kSaturated : a + b; }

/// a rounded up to a multiple of `step`, or kSaturated.
constexpr std::int64_t round_up(std::int64_t a, std::int64_t step) {
  const std::int64_t rest = a % step;
  return rest == 0 ? a : plus(a, step - rest);
}

}  // namespace brim::kv

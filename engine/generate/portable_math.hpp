// exp and log in plain double arithmetic, so that a draw is the same on every machine: the C library's versions differ in
// the last bit between systems and instruction sets, and one such bit can choose another token. Right to about 2 units in
// the last place (tested against <cmath>). This folder is compiled with -ffp-contract=off for the same reason.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

namespace brim::generate {

/// e^x for x ≤ 700; 0 below −708 (where the result would be subnormal) and for NaN.
inline double portable_exp(double x) {
  // x = k·ln 2 + r with |r| ≤ ln 2 / 2. Adding 1.5·2^52 rounds to an integer, whose bits then stand at the bottom.
  constexpr double kShift = 0x1.8p52;
  const double clamped = x >= -708.0 ? (x <= 700.0 ? x : 700.0) : -708.0;
  const double shifted = clamped * 0x1.71547652b82fep+0 + kShift;
  const double k = shifted - kShift;
  const double r = (clamped - k * 0x1.62e42fefa3800p-1) - k * 0x1.ef35793c76730p-45;
  double sum = 1.0 / 6227020800.0;  // Taylor series to r^13 / 13!
  sum = sum * r + 1.0 / 479001600.0;
  sum = sum * r + 1.0 / 39916800.0;
  sum = sum * r + 1.0 / 3628800.0;
  sum = sum * r + 1.0 / 362880.0;
  sum = sum * r + 1.0 / 40320.0;
  sum = sum * r + 1.0 / 5040.0;
  sum = sum * r + 1.0 / 720.0;
  sum = sum * r + 1.0 / 120.0;
  sum = sum * r + 1.0 / 24.0;
  sum = sum * r + 1.0 / 6.0;
  sum = sum * r + 0.5;
  sum = sum * r + 1.0;
  sum = sum * r + 1.0;
  const std::uint64_t exponent = (std::bit_cast<std::uint64_t>(shifted) + 1023) << 52;
  return x >= -708.0 ? sum * std::bit_cast<double>(exponent) : 0.0;
}

/// The natural logarithm; −infinity for 0 and less.
inline double portable_log(double x) {
  if (!(x > 0)) return -std::numeric_limits<double>::infinity();
  if (x > std::numeric_limits<double>::max()) return x;
  double offset = 0;
  if (x < std::numeric_limits<double>::min()) {
    x *= 0x1p54;
    offset = 54;
  }
  // x = m·2^e with m in [√½, √2); log m = 2 artanh((m − 1) / (m + 1)).
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(x);
  double e = static_cast<double>(static_cast<std::int64_t>(bits >> 52) - 1023) - offset;
  double m = std::bit_cast<double>((bits & 0x000fffffffffffffULL) | 0x3ff0000000000000ULL);
  if (m > 0x1.6a09e667f3bcdp+0) {
    m *= 0.5;
    e += 1;
  }
  const double s = (m - 1.0) / (m + 1.0);
  const double square = s * s;
  double sum = 0;
  for (int odd = 25; odd >= 1; odd -= 2) sum = sum * square + 1.0 / odd;
  return e * 0x1.62e42fefa3800p-1 + (2.0 * s * sum + e * 0x1.ef35793c76730p-45);
}

}  // namespace brim::generate

// exp and tanh on vectors of floats, to about one unit in the last place: reduction of x to n·ln 2 + r with |r| ≤ ln 2
// / 2 (ln 2 in two terms, after Cody and Waite, Software Manual for the Elementary Functions, 1980), then the Taylor
// series of e^r, whose next term is below 6e-9. fma and power_of_two come from the Vector: xsimd 8.1 has no fused
// multiply-add for AVX-512, and its conversion from integers to floats leaves weak symbols on ARM.
#pragma once

namespace brim::kernels {
namespace {

template <class Batch>
struct Reduced {
  Batch exponent;  ///< n
  Batch excess;    ///< e^r − 1
};

/// x must have a magnitude below 200, or be NaN.
template <class Vector, class Batch = typename Vector::Batch>
Reduced<Batch> reduce_exponent(Batch x) {
  const Batch n = xsimd::nearbyint(x * Batch(1.44269504088896341f));
  Batch r = Vector::fma(n, Batch(-0.693359375f), x);
  r = Vector::fma(n, Batch(2.12194440e-4f), r);
  Batch series(1.0f / 5040);
  series = Vector::fma(series, r, Batch(1.0f / 720));
  series = Vector::fma(series, r, Batch(1.0f / 120));
  series = Vector::fma(series, r, Batch(1.0f / 24));
  series = Vector::fma(series, r, Batch(1.0f / 6));
  series = Vector::fma(series, r, Batch(0.5f));
  series = Vector::fma(series, r * r, r);
  return {n, series};
}

/// e^x. Underflows to 0 and overflows to infinity; NaN stays NaN.
template <class Vector, class Batch = typename Vector::Batch>
Batch exponential(Batch x) {
  // The limits come first: the minimum and maximum instructions of x86 return their second operand when one is NaN.
  x = xsimd::min(Batch(176.0f), xsimd::max(Batch(-174.0f), x));
  const Reduced<Batch> parts = reduce_exponent<Vector>(x);
  // 2^n as a product of two powers, so that subnormal results need no special case.
  const Batch first = xsimd::nearbyint(parts.exponent * Batch(0.5f));
  const Batch second = parts.exponent - first;
  return (parts.excess + Batch(1.0f)) * Vector::power_of_two(first) * Vector::power_of_two(second);
}

/// e^x for x ≤ 0, with half the work: results below 2^−126 are 0. NaN stays NaN.
template <class Vector, class Batch = typename Vector::Batch>
Batch exponential_of_negative(Batch x) {
  // −88 gives n = −127, whose power_of_two is 0.
  const Reduced<Batch> parts = reduce_exponent<Vector>(xsimd::max(Batch(-88.0f), x));
  const Batch power = Vector::power_of_two(parts.exponent);
  return Vector::fma(parts.excess, power, power);
}

/// tanh x = (e^2x − 1) / (e^2x + 1), with e^2x − 1 = 2^n (e^r − 1) + (2^n − 1) accurate near 0 too.
template <class Vector, class Batch = typename Vector::Batch>
Batch hyperbolic_tangent(Batch x) {
  const Batch doubled = xsimd::min(Batch(40.0f), xsimd::max(Batch(-40.0f), x + x));
  const Reduced<Batch> parts = reduce_exponent<Vector>(doubled);
  const Batch power = Vector::power_of_two(parts.exponent);
  const Batch excess = Vector::fma(power, parts.excess, power - Batch(1.0f));
  return excess / (excess + Batch(2.0f));
}

}  // namespace
}  // namespace brim::kernels

#include "quant/half.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>

using namespace brim::quant;

namespace {

/// The value of a half by the definition in IEEE 754, computed in another way than in the code under test.
double defined_value(std::uint16_t bits) {
  const double sign = bits & 0x8000 ? -1 : 1;
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  if (exponent == 31) return fraction ? std::nan("") : sign * std::numeric_limits<double>::infinity();
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

static_assert(f16_to_f32(0x3C00) == 1.0f && f32_to_f16(-2.0f) == 0xC000);
static_assert(f16_to_f32(0x0001) == 0x1p-24f && f32_to_f16(0x1p-24f) == 0x0001);
static_assert(bf16_to_f32(0x3F80) == 1.0f && f32_to_bf16(1.0f) == 0x3F80);

}  // namespace

TEST_CASE("every half has its defined value and comes back from it") {
  for (std::uint32_t i = 0; i < 0x10000; ++i) {
    const auto bits = static_cast<std::uint16_t>(i);
    CAPTURE(bits);
    const double expected = defined_value(bits);
    for (const float value : {f16_to_f32(bits), portable_f16_to_f32(bits)}) {
      if (std::isnan(expected)) {
        REQUIRE(std::isnan(value));
        REQUIRE(std::bit_cast<std::uint32_t>(value) == ((bits & 0x8000u) << 16 | 0x7FC00000u | (bits & 0x3FFu) << 13));
      } else {
        REQUIRE(double{value} == expected);
        REQUIRE(std::signbit(value) == ((bits & 0x8000) != 0));
      }
      const std::uint16_t back = std::isnan(expected) ? static_cast<std::uint16_t>(bits | 0x200) : bits;
      REQUIRE(f32_to_f16(value) == back);
      REQUIRE(portable_f32_to_f16(value) == back);
    }
  }
}

TEST_CASE("floats between two halves round to the nearer one, ties to even") {
  for (std::uint32_t i = 0; i < 0x7C00; ++i) {
    const auto below = static_cast<std::uint16_t>(i);
    const auto above = static_cast<std::uint16_t>(i + 1);
    const double next = above == 0x7C00 ? 65536.0 : defined_value(above);  // what the half after the largest would be
    const auto middle = static_cast<float>((defined_value(below) + next) / 2);
    const std::uint16_t even = below % 2 == 0 ? below : above;
    CAPTURE(middle);
    REQUIRE(f32_to_f16(middle) == even);
    REQUIRE(portable_f32_to_f16(middle) == even);
    REQUIRE(portable_f32_to_f16(-middle) == (even | 0x8000));
    REQUIRE(portable_f32_to_f16(std::nextafter(middle, 0.0f)) == below);
    REQUIRE(portable_f32_to_f16(std::nextafter(middle, 1e9f)) == above);
    REQUIRE(f32_to_f16(std::nextafter(middle, 0.0f)) == below);
    REQUIRE(f32_to_f16(std::nextafter(middle, 1e9f)) == above);
  }
  CHECK(portable_f32_to_f16(1e30f) == 0x7C00);
  CHECK(portable_f32_to_f16(-std::numeric_limits<float>::infinity()) == 0xFC00);
  CHECK(portable_f32_to_f16(1e-30f) == 0);
}

TEST_CASE("every bfloat16 has its defined value; floats round to the nearest, ties to even") {
  for (std::uint32_t i = 0; i < 0x10000; ++i) {
    const auto bits = static_cast<std::uint16_t>(i);
    const float value = bf16_to_f32(bits);
    REQUIRE(std::bit_cast<std::uint32_t>(value) == i << 16);
    if (std::isnan(value)) {
      REQUIRE(std::isnan(bf16_to_f32(f32_to_bf16(value))));
      continue;
    }
    REQUIRE(f32_to_bf16(value) == bits);
    if (std::isinf(value)) continue;
    const std::uint16_t even = static_cast<std::uint16_t>(bits % 2 == 0 ? bits : bits + 1);
    REQUIRE(f32_to_bf16(std::bit_cast<float>(i << 16 | 0x8000u)) == even);
    REQUIRE(f32_to_bf16(std::bit_cast<float>(i << 16 | 0x7FFFu)) == bits);
    REQUIRE(f32_to_bf16(std::bit_cast<float>(i << 16 | 0x8001u)) == bits + 1);
  }
  const float hidden_nan = std::bit_cast<float>(0x7F800001u);  // all its fraction is in the half that is cut off
  CHECK(std::isnan(bf16_to_f32(f32_to_bf16(hidden_nan))));
}

TEST_CASE("storing a scale saturates and says what was stored") {
  Half half;
  CHECK(store(half, 1e9f) == kHalfLargest);
  CHECK(load(half) == kHalfLargest);
  CHECK(store(half, -1e9f) == -kHalfLargest);
  const float stored = store(half, 0.1f);
  CHECK(stored == load(half));
  CHECK(stored == doctest::Approx(0.1).epsilon(0x1p-11));
}

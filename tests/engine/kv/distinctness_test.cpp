// A key's distance from the keys before it, compared with the same in long double, and the values that have no
// direction.
#include "engine/kv/distinctness.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/engine/kv/fake_model.hpp"

using brim::kv::add_and_compare;

namespace {

float compared(const std::vector<float>& key, std::vector<float>& anchor) {
  return add_and_compare(key.data(), static_cast<int>(key.size()), anchor.data());
}

}  // namespace

TEST_CASE("directions add up, and a key is compared with the sum that it is part of") {
  brim::test::Random random(3);
  for (const int size : {1, 2, 7, 8, 9, 16, 48, 80, 127, 128}) {
    CAPTURE(size);
    std::vector<float> anchor(static_cast<std::size_t>(size));
    std::vector<long double> expected(anchor.size());
    for (int token = 0; token < 40; ++token) {
      std::vector<float> key(anchor.size());
      const float scale = std::ldexp(1.0f, static_cast<int>(random.pick(-30, 30)));
      for (float& value : key) value = scale * (random.unit() + 0.3f);
      long double length = 0, along = 0, whole = 0;
      for (const float value : key) length += static_cast<long double>(value) * value;
      length = std::sqrt(length);
      for (std::size_t d = 0; d < key.size(); ++d) {
        expected[d] += key[d] / length;
        along += key[d] / length * expected[d];
        whole += expected[d] * expected[d];
      }
      const float distinctness = compared(key, anchor);
      const auto cosine = static_cast<float>(whole == 0 ? 0 : along / std::sqrt(whole));
      CHECK(std::abs(distinctness + cosine) < 1e-4f);
      for (std::size_t d = 0; d < key.size(); ++d) CHECK(std::abs(anchor[d] - static_cast<float>(expected[d])) < 1e-4f);
    }
  }
}

TEST_CASE("like the others, unlike them, and opposite") {
  std::vector<float> anchor(8);
  const std::vector<float> usual{1, 0, 0, 0, 0, 0, 0, 0}, other{0, 0, 3, 0, 0, 0, 0, 0}, back{-5, 0, 0, 0, 0, 0, 0, 0};
  CHECK(compared(usual, anchor) == -1.0f);
  for (int i = 0; i < 20; ++i) CHECK(compared(usual, anchor) == -1.0f);
  CHECK(compared(other, anchor) > -0.05f);
  CHECK(compared(usual, anchor) < -0.99f);
  CHECK(compared(back, anchor) > 0.99f);
}

TEST_CASE("lengths do not count, however long or short") {
  std::vector<float> first(9, 0.0f), second(9, 0.0f);
  brim::test::Random random(5);
  for (const float scale : {1.0f, 1e-38f, 1e-42f, 3e37f}) {
    std::vector<float> key(9), scaled(9);
    for (std::size_t d = 0; d < key.size(); ++d) {
      key[d] = static_cast<float>(random.pick(-8, 8)) + 0.5f;
      scaled[d] = scale * key[d];
      if (scale == 1e-42f) key[d] = scaled[d] / 1e-42f;  // few bits are left of such small numbers
    }
    CHECK(std::abs(compared(key, first) - compared(scaled, second)) < 1e-4f);
  }
}

TEST_CASE("keys without a direction") {
  std::vector<float> anchor(10);
  const std::vector<float> zeros(10), ones(10, 1.0f), back(10, -1.0f);
  CHECK(compared(zeros, anchor) == 0.0f);
  CHECK(anchor == zeros);
  compared(ones, anchor);
  const std::vector<float> before = anchor;
  CHECK(compared(zeros, anchor) == 0.0f);
  CHECK(anchor == before);
  // Directions that cancel out leave nothing to compare with.
  CHECK(compared(back, anchor) == 0.0f);
  CHECK(anchor == zeros);
  CHECK(compared(ones, anchor) == -1.0f);
  std::vector<float> damaged = ones;
  damaged[9] = std::numeric_limits<float>::quiet_NaN();
  CHECK(std::isnan(compared(damaged, anchor)));
  CHECK(std::isnan(compared(ones, anchor)));
}

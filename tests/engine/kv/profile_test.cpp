// Whether a profile's layers differ: by how much, and whether that is more than noise.
#include "engine/kv/profile.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <initializer_list>

#include "tests/support/random.hpp"

namespace {

/// Layers that lose these at every fraction below 1.
brim::kv::Profile losing(std::initializer_list<double> losses) {
  brim::kv::Profile profile;
  for (const double loss : losses) profile.layers.push_back({{0, loss, loss, loss, loss}, 1});
  return profile;
}

}  // namespace

TEST_CASE("inequality is 0 for equal layers and 1 where one layer has all of the loss") {
  using brim::kv::layer_inequality;
  CHECK(layer_inequality(losing({})) == 0);
  CHECK(layer_inequality(losing({0.5})) == 0);
  CHECK(layer_inequality(losing({0, 0, 0})) == 0);
  CHECK(layer_inequality(losing({0.25, 0.25, 0.25, 0.25})) == doctest::Approx(0));
  CHECK(layer_inequality(losing({0, 0, 0.125, 0})) == doctest::Approx(1));
  // An equal share is a quarter of .4; .1 of .4 is above it, of at most three quarters.
  CHECK(layer_inequality(losing({0.2, 0.1, 0.1, 0})) == doctest::Approx(0.25 / 0.75));
  // A layer that gains by losing entries has no loss, and what the whole cache loses in a type is not counted.
  CHECK(layer_inequality(losing({0.2, 0.1, 0.1, -5})) == doctest::Approx(0.25 / 0.75));
  brim::kv::Profile typed = losing({0.1, 0.1});
  typed.layers[0].loss[0] = 7;
  CHECK(layer_inequality(typed) == doctest::Approx(0));
}

TEST_CASE("inequality depends neither on the order of layers nor on the size of their losses") {
  brim::test::Random random(7);
  for (int round = 0; round < 200; ++round) {
    brim::kv::Profile profile;
    for (std::int64_t layer = random.pick(2, 40); layer > 0; --layer) {
      brim::kv::LayerProfile& one = profile.layers.emplace_back();
      for (std::size_t i = 1; i < one.loss.size(); ++i) one.loss[i] = static_cast<double>(random.pick(0, 1000)) / 1000;
    }
    const double inequality = brim::kv::layer_inequality(profile);
    REQUIRE(inequality >= 0);
    REQUIRE(inequality <= 1 + 1e-12);
    std::reverse(profile.layers.begin(), profile.layers.end());
    for (brim::kv::LayerProfile& layer : profile.layers) {
      for (double& loss : layer.loss) loss *= 64;
    }
    REQUIRE(brim::kv::layer_inequality(profile) == doctest::Approx(inequality));
  }
}

TEST_CASE("layers differ where both the test and the inequality say so") {
  brim::kv::Profile profile = losing({0.2, 0.1, 0.1, 0});
  CHECK(brim::kv::layers_differ(profile));
  profile.equal_layers_p = brim::kv::kMaxEqualLayersP;
  CHECK(brim::kv::layers_differ(profile));
  profile.equal_layers_p = 0.06;
  CHECK(!brim::kv::layers_differ(profile));
  CHECK(!brim::kv::layers_differ(losing({0.1, 0.1, 0.11, 0.1})));
}

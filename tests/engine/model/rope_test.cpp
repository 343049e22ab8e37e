// Rotary positions compared with their formulas, which the test computes separately.
#include "engine/model/rope.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "kernels/dispatch.hpp"

using namespace brim::model;

namespace {

Config config_with(RopeConfig rope, int layers = 2) {
  Config config;
  config.rope = rope;
  config.layers.resize(static_cast<std::size_t>(layers));
  for (LayerConfig& layer : config.layers) layer.key_size = rope.dimensions;
  return config;
}

RopeConfig plain(int dimensions, double base) {
  RopeConfig rope;
  rope.dimensions = dimensions;
  rope.base = base;
  rope.original_context = 2048;
  return rope;
}

}  // namespace

TEST_CASE("plain frequencies fall from 1 by powers of the base") {
  const Rope rope(config_with(plain(8, 10000)), {}, 4096);
  for (int pair = 0; pair < 4; ++pair) {
    CHECK(rope.global().angle[static_cast<std::size_t>(pair)] == doctest::Approx(std::pow(10000.0, -pair / 4.0)));
  }
  CHECK(rope.global().magnitude == 1.0);
}

TEST_CASE("angles stay exact at far positions") {
  const Rope rope(config_with(plain(64, 500000)), {}, 1 << 20);
  std::vector<float> cosines(32), sines(32);
  for (const std::int64_t position : {std::int64_t{1}, std::int64_t{100003}, std::int64_t{1} << 30}) {
    rope.global().at(position, cosines.data(), sines.data());
    for (int pair = 0; pair < 32; ++pair) {
      const long double turn = static_cast<long double>(position) * std::pow(500000.0L, -2.0L * pair / 64);
      CHECK(std::abs(cosines[static_cast<std::size_t>(pair)] - static_cast<double>(std::cos(turn))) < 1e-6);
    }
  }
}

TEST_CASE("linear scaling divides positions") {
  RopeConfig settings = plain(8, 10000);
  settings.scaling = RopeScaling::linear;
  settings.factor = 8;
  const Rope rope(config_with(settings), {}, 4096);
  CHECK(rope.global().angle[0] == doctest::Approx(1.0 / 8));
}

TEST_CASE("YaRN keeps short wavelengths, lengthens long ones, and raises the magnitude") {
  RopeConfig settings = plain(128, 10000);
  settings.scaling = RopeScaling::yarn;
  settings.factor = 4;
  const Rope rope(config_with(settings), {}, 8192);
  const Rope unscaled(config_with(plain(128, 10000)), {}, 8192);
  const auto turns = [&](std::size_t pair) { return 2048 * unscaled.global().angle[pair] / (2 * std::numbers::pi); };
  for (std::size_t pair = 0; pair < 64; ++pair) {
    const double ratio = rope.global().angle[pair] / unscaled.global().angle[pair];
    CHECK(ratio <= 1.0 + 1e-12);
    CHECK(ratio >= 0.25 - 1e-12);
    // A margin of one pair on each side: the ramp ends at whole dimensions.
    if (turns(pair) > 32 * 1.2) CHECK(ratio == doctest::Approx(1.0));
    if (turns(pair) < 1 / 1.2) CHECK(ratio == doctest::Approx(0.25));
  }
  CHECK(rope.global().magnitude == doctest::Approx(1 + 0.1 * std::log(4.0)));
}

TEST_CASE("a log multiplier divides YaRN's magnitude") {
  RopeConfig settings = plain(128, 10000);
  settings.scaling = RopeScaling::yarn;
  settings.factor = 16;
  settings.yarn_log_multiplier = 1;
  CHECK(Rope(config_with(settings), {}, 8192).global().magnitude == doctest::Approx(1));
  settings.yarn_log_multiplier = 0.5;
  const double expected = (1 + 0.1 * std::log(16.0)) / (1 + 0.05 * std::log(16.0));
  CHECK(Rope(config_with(settings), {}, 8192).global().magnitude == doctest::Approx(expected));
}

TEST_CASE("the temperature of queries grows with each period of positions") {
  const QueryTemperature temperature{0.3, 40};
  CHECK(query_scale(temperature, 0) == 1.0f);
  CHECK(query_scale(temperature, 39) == 1.0f);
  CHECK(query_scale(temperature, 40) == doctest::Approx(1 + 0.3 * std::log(2.0)));
  CHECK(query_scale(temperature, 199) == doctest::Approx(1 + 0.3 * std::log(5.0)));
  CHECK(query_scale({}, 199) == 1.0f);
}

TEST_CASE("factors from the file divide frequencies; longrope chooses by the context") {
  RopeFactors factors;
  factors.longer = {2, 4};
  factors.shorter = {1, 1.5};
  RopeConfig settings = plain(4, 100);
  settings.attention_factor = 1.25;
  const Rope within(config_with(settings), factors, 2048);
  const Rope beyond(config_with(settings), factors, 2049);
  CHECK(within.global().angle[1] == doctest::Approx(0.1 / 1.5));
  CHECK(beyond.global().angle[1] == doctest::Approx(0.1 / 4));
  CHECK(beyond.global().magnitude == 1.25);

  RopeFactors llama3;
  llama3.common = {1, 8};
  CHECK(Rope(config_with(plain(4, 100)), llama3, 99999).global().angle[1] == doctest::Approx(0.1 / 8));
}

TEST_CASE("layers with a window may have a base of their own, unscaled") {
  RopeConfig settings = plain(4, 10000);
  settings.scaling = RopeScaling::linear;
  settings.factor = 8;
  settings.separate_window_base = true;
  settings.window_base = 100;
  Config config = config_with(settings);
  config.layers[1].window = 16;
  const Rope rope(config, {}, 4096);
  CHECK(rope.of_layer(brim::kv::LayerId{0}).angle[1] == doctest::Approx(0.01 / 8));
  CHECK(rope.of_layer(brim::kv::LayerId{1}).angle[1] == doctest::Approx(0.1));
}

TEST_CASE("rotating back moves a key to where it would have been rotated") {
  for (const RopePairs pairs : {RopePairs::interleaved, RopePairs::halves}) {
    RopeConfig settings = plain(24, 10000);
    settings.pairs = pairs;
    Config config = config_with(settings);
    for (LayerConfig& layer : config.layers) layer.key_size = 32;  // the last 8 values are not rotated
    config.layers[1].rope = false;
    const Rope rope(config, {}, 4096);
    const auto rotate =
        pairs == RopePairs::halves ? brim::kernels::active().rope_neox : brim::kernels::active().rope_interleaved;
    std::vector<float> cosines(12), sines(12);
    std::vector<float> moved(2 * 32), expected(2 * 32);
    for (std::size_t i = 0; i < moved.size(); ++i) moved[i] = expected[i] = std::sin(static_cast<float>(i) * 1.7f);
    const std::vector<float> original = moved;
    for (std::int64_t k = 0; k < 2; ++k) {
      rope.global().at(1000 + k, cosines.data(), sines.data());
      rotate(moved.data() + 32 * k, 24, cosines.data(), sines.data());
      rope.global().at(300 + k, cosines.data(), sines.data());
      rotate(expected.data() + 32 * k, 24, cosines.data(), sines.data());
    }
    rope.rotate_back(brim::kv::LayerId{0}, moved.data(), 2, 700);
    for (std::size_t i = 0; i < moved.size(); ++i) CHECK(moved[i] == doctest::Approx(expected[i]).epsilon(1e-5));
    std::vector<float> without_rope = original;
    rope.rotate_back(brim::kv::LayerId{1}, without_rope.data(), 2, 700);
    CHECK(without_rope == original);
  }
}

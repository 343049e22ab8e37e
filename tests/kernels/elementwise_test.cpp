// Norm, softmax, activations and rotation in every instruction set, compared with doubles.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/dispatch.hpp"
#include "tests/kernels/packed_rows.hpp"

namespace {

using namespace brim;
using test::Random;

constexpr std::int64_t kSizes[] = {1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 300, 2048};
constexpr float kInfinity = std::numeric_limits<float>::infinity();

template <class Check>
void for_each_set(Check check) {
  for (std::string_view set : kernels::usable_sets(kernels::this_machine(), "")) {
    const std::string name(set);
    CAPTURE(name);
    check(kernels::table_for(set));
  }
}

/// Equal to within `units` in the last place of the expected value, or `small` where that is larger.
void require_close(float got, double expected, double units, double small = 1e-37) {
  CAPTURE(got);
  CAPTURE(expected);
  REQUIRE(std::fabs(static_cast<double>(got) - expected) <= std::fabs(expected) * units * 0x1p-23 + small);
}

/// Numbers of every magnitude that an activation may have, with both signs.
std::vector<float> spread_values() {
  std::vector<float> values;
  for (float size : {1e-30f, 1e-6f, 1e-3f, 0.1f, 0.5f, 1.0f, 3.0f, 10.0f, 40.0f, 90.0f, 1000.0f, 1e6f}) {
    for (float factor : {1.0f, 1.234f, 1.77f, -1.0f, -1.456f, -1.9f}) values.push_back(size * factor);
  }
  values.push_back(0.0f);
  return values;
}

}  // namespace

TEST_CASE("rms_norm") {
  for_each_set([](const kernels::Table& table) {
    Random random(1);
    for (std::int64_t size : kSizes) {
      std::vector<float> x = test::random_values(random, size);
      const std::vector<float> weight = test::random_values(random, size);
      double squares = 0;
      for (float value : x) squares += static_cast<double>(value) * static_cast<double>(value);
      const double factor = 1 / std::sqrt(squares / static_cast<double>(size) + 1e-5);
      std::vector<float> out(x.size()), plain(x.size());
      table.rms_norm(x.data(), weight.data(), size, 1e-5f, out.data());
      table.rms_norm(x.data(), nullptr, size, 1e-5f, plain.data());
      const std::vector<float> before = x;
      table.rms_norm(x.data(), weight.data(), size, 1e-5f, x.data());
      REQUIRE(x == out);
      for (std::size_t i = 0; i < x.size(); ++i) {
        require_close(plain[i], static_cast<double>(before[i]) * factor, 4);
        require_close(out[i], static_cast<double>(before[i]) * factor * static_cast<double>(weight[i]), 4);
      }
    }
  });
}

TEST_CASE("layer_norm") {
  for_each_set([](const kernels::Table& table) {
    Random random(11);
    for (std::int64_t size : kSizes) {
      std::vector<float> x = test::random_values(random, size);
      for (float& value : x) value += 3.0f;  // a mean that matters
      const std::vector<float> weight = test::random_values(random, size), bias = test::random_values(random, size);
      double sum = 0, squares = 0;
      for (float value : x) sum += static_cast<double>(value);
      const double mean = sum / static_cast<double>(size);
      for (float value : x) squares += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean);
      const double factor = 1 / std::sqrt(squares / static_cast<double>(size) + 1e-5);
      std::vector<float> out(x.size()), plain(x.size());
      table.layer_norm(x.data(), weight.data(), bias.data(), size, 1e-5f, out.data());
      table.layer_norm(x.data(), nullptr, nullptr, size, 1e-5f, plain.data());
      const std::vector<float> before = x;
      table.layer_norm(x.data(), weight.data(), bias.data(), size, 1e-5f, x.data());
      REQUIRE(x == out);
      for (std::size_t i = 0; i < x.size(); ++i) {
        // The mean is rounded to a float, and so is the difference to it: both of the size 4.
        const double expected = (static_cast<double>(before[i]) - mean) * factor, error = 24 * factor * 0x1p-23;
        const auto scale = static_cast<double>(weight[i]), shift = static_cast<double>(bias[i]);
        require_close(plain[i], expected, 4, error);
        require_close(out[i], expected * scale + shift, 2, std::fabs(scale) * error + std::fabs(shift) * 0x1p-22);
      }
    }
    // A constant row has no spread: what is left is the bias.
    std::vector<float> constant(37, 0.5f);
    const std::vector<float> bias(37, -2.0f);
    table.layer_norm(constant.data(), nullptr, bias.data(), 37, 1e-5f, constant.data());
    for (float value : constant) REQUIRE(value == -2.0f);
  });
}

TEST_CASE("softmax") {
  for_each_set([](const kernels::Table& table) {
    Random random(2);
    for (std::int64_t size : kSizes) {
      for (const float range : {1.0f, 30.0f, 300.0f}) {
        std::vector<float> x = test::random_values(random, size);
        for (float& value : x) value *= range;
        if (size > 4) x[3] = -kInfinity;
        double sum = 0;
        float largest = -kInfinity;
        for (float value : x) largest = std::max(largest, value);
        for (float value : x) sum += std::exp(static_cast<double>(value) - static_cast<double>(largest));
        std::vector<float> out = x;
        table.softmax(out.data(), size);
        for (std::size_t i = 0; i < x.size(); ++i) {
          // The difference to the maximum is rounded to a float: this gives that relative error, plus a few roundings.
          const double difference = static_cast<double>(x[i]) - static_cast<double>(largest);
          const double units = 5 + (std::isfinite(difference) ? std::fabs(difference) * 0.5 : 0.0);
          require_close(out[i], std::exp(difference) / sum, units);
        }
        if (size > 4) REQUIRE(out[3] == 0.0f);
      }
      std::vector<float> nothing(static_cast<std::size_t>(size), -kInfinity);
      table.softmax(nothing.data(), size);
      for (float value : nothing) REQUIRE(value == 0.0f);
      std::vector<float> broken(static_cast<std::size_t>(size), std::numeric_limits<float>::quiet_NaN());
      table.softmax(broken.data(), size);
    }
  });
}

TEST_CASE("soft_cap, silu and gelu") {
  for_each_set([](const kernels::Table& table) {
    const std::vector<float> x = spread_values();
    const std::vector<float> ones(x.size(), 1.0f), twos(x.size(), -2.0f);
    std::vector<float> out = x;
    table.soft_cap(out.data(), static_cast<std::int64_t>(out.size()), 30.0f);
    for (std::size_t i = 0; i < x.size(); ++i) require_close(out[i], 30 * std::tanh(static_cast<double>(x[i]) / 30), 5);
    out = x;
    table.silu_multiply(out.data(), twos.data(), static_cast<std::int64_t>(out.size()));
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto value = static_cast<double>(x[i]);
      require_close(out[i], -2 * value / (1 + std::exp(-value)), 5, 1e-35);
    }
    out = x;
    table.gelu_multiply(out.data(), ones.data(), static_cast<std::int64_t>(out.size()));
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto value = static_cast<double>(x[i]);
      const double inner = 0.79788456080286535588 * (value + 0.044715 * value * value * value);
      // gelu = x / (1 + e^-2u); u has the error of about two roundings, so e^-2u has |2u| times that error.
      const double expected = value / (1 + std::exp(-2 * inner));
      require_close(out[i], expected, 5 + (inner < 0 ? 8 * std::fabs(inner) : 0.0), 1e-35);
    }
  });
}

TEST_CASE("gelu alone, relu squared, sigmoid, and the clamped SwiGLU") {
  for_each_set([](const kernels::Table& table) {
    const std::vector<float> x = spread_values();
    const std::vector<float> ones(x.size(), 1.0f);
    const auto size = static_cast<std::int64_t>(x.size());
    std::vector<float> alone = x, gated = x;
    table.gelu(alone.data(), size);
    table.gelu_multiply(gated.data(), ones.data(), size);
    REQUIRE(alone == gated);
    std::vector<float> out = x;
    table.relu_squared(out.data(), size);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double positive = std::max(0.0, static_cast<double>(x[i]));
      require_close(out[i], positive * positive, 1);
    }
    out = x;
    table.sigmoid(out.data(), size);
    for (std::size_t i = 0; i < x.size(); ++i) {
      require_close(out[i], 1 / (1 + std::exp(-static_cast<double>(x[i]))), 5, 1e-37);
    }
    for (const float other : {-9.0f, -7.0f, -1.0f, 0.25f, 6.5f, 30.0f}) {
      const std::vector<float> up(x.size(), other);
      out = x;
      table.clamped_swiglu(out.data(), up.data(), size, 7.0f, 1.702f);
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double g = std::min(7.0, static_cast<double>(x[i])), slope = static_cast<double>(1.702f);
        const double u = std::clamp(static_cast<double>(other), -7.0, 7.0);
        // The exponent is rounded to a float, which shows in e to its power.
        require_close(out[i], g / (1 + std::exp(-slope * g)) * (u + 1), 6 + std::fabs(slope * g), 1e-35);
      }
    }
  });
}

TEST_CASE("activations of values that are not finite do not crash, and NaN shows") {
  for_each_set([](const kernels::Table& table) {
    const std::vector<float> bad(19, std::numeric_limits<float>::quiet_NaN());
    const std::vector<float> ones(bad.size(), 1.0f);
    for (auto* change : {table.silu_multiply, table.gelu_multiply}) {
      std::vector<float> out = bad;
      change(out.data(), ones.data(), static_cast<std::int64_t>(out.size()));
      for (float value : out) REQUIRE(std::isnan(value));
      std::vector<float> infinite(19, kInfinity);
      change(infinite.data(), ones.data(), static_cast<std::int64_t>(infinite.size()));
      for (float value : infinite) REQUIRE(value == kInfinity);
    }
    for (auto* change : {table.gelu, table.relu_squared, table.sigmoid}) {
      std::vector<float> out = bad;
      change(out.data(), static_cast<std::int64_t>(out.size()));
      for (float value : out) REQUIRE(std::isnan(value));
    }
    for (const bool bad_gate : {true, false}) {
      std::vector<float> out = bad_gate ? bad : ones;
      const std::vector<float>& up = bad_gate ? ones : bad;
      table.clamped_swiglu(out.data(), up.data(), static_cast<std::int64_t>(out.size()), 7.0f, 1.702f);
      for (float value : out) REQUIRE(std::isnan(value));
    }
    std::vector<float> out = bad;
    table.soft_cap(out.data(), static_cast<std::int64_t>(out.size()), 50.0f);
    for (float value : out) REQUIRE(std::isnan(value));
  });
}

TEST_CASE("add_scaled and scale") {
  for_each_set([](const kernels::Table& table) {
    Random random(4);
    for (std::int64_t size : kSizes) {
      const std::vector<float> x = test::random_values(random, size), y = test::random_values(random, size);
      std::vector<float> out = x;
      table.add_scaled(out.data(), y.data(), size, 0.37f);
      for (std::size_t i = 0; i < x.size(); ++i) {
        require_close(out[i], static_cast<double>(x[i]) + static_cast<double>(y[i]) * static_cast<double>(0.37f), 1);
      }
      out = x;
      table.scale(out.data(), size, -1.7f);
      for (std::size_t i = 0; i < x.size(); ++i) REQUIRE(out[i] == x[i] * -1.7f);
    }
  });
}

TEST_CASE("rope in both pairings") {
  for_each_set([](const kernels::Table& table) {
    Random random(6);
    for (int size : {2, 4, 6, 24, 30, 32, 48, 64, 80, 96, 128, 256}) {
      const int pairs = size / 2;
      const std::vector<float> x = test::random_values(random, size);
      std::vector<float> cosines, sines;
      for (int i = 0; i < pairs; ++i) {
        const double angle = 100 * std::pow(10000.0, -2.0 * i / size);
        cosines.push_back(static_cast<float>(std::cos(angle)));
        sines.push_back(static_cast<float>(std::sin(angle)));
      }
      std::vector<float> neox = x, interleaved = x;
      table.rope_neox(neox.data(), size, cosines.data(), sines.data());
      table.rope_interleaved(interleaved.data(), size, cosines.data(), sines.data());
      for (int i = 0; i < pairs; ++i) {
        const auto at = static_cast<std::size_t>(i), far = static_cast<std::size_t>(i + pairs);
        const auto c = static_cast<double>(cosines[at]), s = static_cast<double>(sines[at]);
        const auto check = [&](float got_a, float got_b, float a, float b) {
          const auto first = static_cast<double>(a), second = static_cast<double>(b);
          require_close(got_a, first * c - second * s, 0, 3e-7 * (std::fabs(first) + std::fabs(second)));
          require_close(got_b, first * s + second * c, 0, 3e-7 * (std::fabs(first) + std::fabs(second)));
        };
        check(neox[at], neox[far], x[at], x[far]);
        check(interleaved[2 * at], interleaved[2 * at + 1], x[2 * at], x[2 * at + 1]);
      }
    }
  });
}

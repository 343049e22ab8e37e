// Causal convolutions and recurrences in every instruction set, compared with doubles; their bits do not depend on how
// a chunk or a row of channels is cut.
#include <doctest/doctest.h>

#include <cmath>
#include <utility>
#include <vector>

#include "kernels/dispatch.hpp"
#include "tests/kernels/packed_rows.hpp"

namespace {

using namespace brim;
using test::Random;

template <class Check>
void for_each_set(Check check) {
  for (std::string_view set : kernels::usable_sets(kernels::this_machine(), "")) {
    const std::string name(set);
    CAPTURE(name);
    check(kernels::table_for(set));
  }
}

double as_double(float value) { return static_cast<double>(value); }

/// Inputs of a recurrence with rows longer than needed, and decays from 0.6 to 1.
struct Case {
  Case(int keys, int values, std::int64_t count, Random& random)
      : key_size(keys),
        value_size(values),
        tokens(count),
        state(test::random_values(random, keys * values)),
        key(test::random_values(random, count * (keys + 5))),
        query(test::random_values(random, count * (keys + 5))),
        value(test::random_values(random, count * (values + 1))),
        decay(test::random_values(random, count * 2)),
        rate(test::random_values(random, count * 2)),
        out(static_cast<std::size_t>(count * (values + 7))) {
    for (float& factor : decay) factor = 0.8f + 0.2f * std::tanh(factor);
    for (float& k : key) k /= std::sqrt(static_cast<float>(keys));
  }

  kernels::Recurrence call(std::int64_t first, std::int64_t count) {
    return {state.data(),
            key_size,
            value_size,
            count,
            key.data() + first * (key_size + 5),
            query.data() + first * (key_size + 5),
            key_size + 5,
            value.data() + first * (value_size + 1),
            value_size + 1,
            decay.data() + first * 2,
            rate.data() + first * 2,
            2,
            0.7f,
            0.3f,
            out.data() + first * (value_size + 7),
            value_size + 7};
  }

  /// What the definition in recurrence.hpp gives, in doubles, for every token and value.
  std::vector<double> expected(bool corrects) const {
    std::vector<double> s(state.begin(), state.end()), result;
    for (std::int64_t t = 0; t < tokens; ++t) {
      const float* k = key.data() + t * (key_size + 5);
      const float* q = query.data() + t * (key_size + 5);
      const double d = as_double(decay[static_cast<std::size_t>(t * 2)]);
      for (int j = 0; j < value_size; ++j) {
        const double v = as_double(value[static_cast<std::size_t>(t * (value_size + 1) + j)]);
        const auto at = [&](int i) -> double& {
          return s[static_cast<std::size_t>(kernels::state_index(key_size, value_size, i, j))];
        };
        double seen = 0, sum = 0;
        for (int i = 0; i < key_size; ++i) seen += at(i) * as_double(k[i]);
        const double update = as_double(rate[static_cast<std::size_t>(t * 2)]) * (corrects ? v - d * seen : v);
        for (int i = 0; i < key_size; ++i) {
          at(i) = d * at(i) + as_double(k[i]) * update;
          sum += at(i) * as_double(q[i]);
        }
        result.push_back(as_double(0.7f) * sum + as_double(0.3f) * v);
      }
    }
    return result;
  }

  int key_size, value_size;
  std::int64_t tokens;
  std::vector<float> state, key, query, value, decay, rate, out;
};

}  // namespace

TEST_CASE("l2_norm, sigmoid and multiply_by") {
  for_each_set([](const kernels::Table& table) {
    Random random(11);
    for (const int size : {1, 7, 8, 12, 16, 33, 128, 300}) {
      const std::vector<float> x = test::random_values(random, size), y = test::random_values(random, size);
      double squares = 0;
      for (const float value : x) squares += as_double(value) * as_double(value);
      std::vector<float> normed = x, gated = y, product = x, tiny(x.size(), 1e-12f);
      table.l2_norm(normed.data(), size, 1e-6f);
      table.sigmoid(gated.data(), size);
      table.multiply_by(product.data(), y.data(), size);
      table.l2_norm(tiny.data(), size, 1e-6f);
      for (std::size_t i = 0; i < x.size(); ++i) {
        REQUIRE(as_double(normed[i]) == doctest::Approx(as_double(x[i]) / std::sqrt(squares)).epsilon(1e-6));
        REQUIRE(as_double(gated[i]) == doctest::Approx(1 / (1 + std::exp(-as_double(y[i])))).epsilon(1e-6));
        REQUIRE(product[i] == x[i] * y[i]);
        REQUIRE(as_double(tiny[i]) == doctest::Approx(1e-6).epsilon(1e-5));
      }
    }
  });
}

TEST_CASE("a causal convolution gives the definition's sums, also in place and in parts") {
  for_each_set([](const kernels::Table& table) {
    Random random(12);
    for (const int size : {1, 5, 8, 17, 64, 100}) {
      for (const int taps : {1, 3, 4, kernels::kMaxTaps}) {
        for (const bool silu : {false, true}) {
          const std::vector<float> weights = test::random_values(random, taps * size);
          const std::vector<float> bias = test::random_values(random, size);
          std::vector<float> rows = test::random_values(random, taps * size);
          std::vector<float> out(static_cast<std::size_t>(size));
          kernels::CausalConvolution c{{},   taps, weights.data(), size, size % 2 == 0 ? bias.data() : nullptr,
                                       size, silu, out.data()};
          for (int j = 0; j < taps; ++j) c.rows[j] = rows.data() + j * size;
          table.causal_convolution(c);
          for (std::int64_t i = 0; i < size; ++i) {
            double sum = c.bias != nullptr ? as_double(bias[static_cast<std::size_t>(i)]) : 0;
            for (int j = 0; j < taps; ++j) {
              const auto at = static_cast<std::size_t>(j * size + i);
              sum += as_double(weights[at]) * as_double(rows[at]);
            }
            const double expected = silu ? sum / (1 + std::exp(-sum)) : sum;
            REQUIRE(std::fabs(as_double(out[static_cast<std::size_t>(i)]) - expected) <= 2e-5);
          }
          const std::vector<float> whole = out;
          kernels::CausalConvolution part = c;
          part.out = rows.data() + (taps - 1) * size;  // the newest row
          table.causal_convolution(part);
          for (std::size_t i = 0; i < whole.size(); ++i) REQUIRE(part.out[i] == whole[i]);
        }
      }
    }
  });
}

TEST_CASE("recurrences give the definition's outputs and states") {
  constexpr std::pair<int, int> kShapes[] = {{1, 1}, {12, 12}, {16, 13}, {20, 70}, {128, 128}, {128, 64}};
  for_each_set([&](const kernels::Table& table) {
    Random random(13);
    for (const auto& [keys, values] : kShapes) {
      for (const bool corrects : {false, true}) {
        Case whole(keys, values, 9, random);
        Case parts = whole;
        const std::vector<double> expected = whole.expected(corrects);
        const auto run = corrects ? table.delta_rule : table.scan;
        run(whole.call(0, 9));
        for (std::int64_t t = 0; t < 9; ++t) {
          for (int j = 0; j < values; ++j) {
            const double got = as_double(whole.out[static_cast<std::size_t>(t * (values + 7) + j)]);
            REQUIRE(std::fabs(got - expected[static_cast<std::size_t>(t * values + j)]) <= 2e-4);
          }
        }
        // The same tokens in three calls.
        run(parts.call(0, 1));
        run(parts.call(1, 5));
        run(parts.call(6, 3));
        REQUIRE(parts.out == whole.out);
        REQUIRE(parts.state == whole.state);
      }
    }
  });
}

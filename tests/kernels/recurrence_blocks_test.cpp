// Recurrences over blocks of tokens in every instruction set, compared with doubles that go token by token: with decays
// from 0 to 1, over long texts; and what of a block decides a token's bits.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "kernels/dispatch.hpp"
#include "tests/kernels/packed_rows.hpp"

namespace {

using namespace brim;
using test::Random;

template <class Check>
void for_each_set_of_blocks(Check check) {
  for (std::string_view set : kernels::usable_sets(kernels::this_machine(), "")) {
    const std::string name(set);
    CAPTURE(name);
    check(kernels::table_for(set));
  }
}

enum class Gates { weak, strong, mixed };
constexpr Gates kAllGates[] = {Gates::weak, Gates::strong, Gates::mixed};

/// The logarithm of a decay.
float random_log(Gates gates, Random& random) {
  constexpr float kMixed[] = {0.0f, -1e-6f, -0.01f, -0.7f, -12.0f, -87.0f, -1000.0f, -1e30f, -INFINITY};
  if (gates == Gates::weak) return -1e-4f * (1.0f + random.unit());
  if (gates == Gates::strong) return -40.0f * (1.0f + random.unit());
  return kMixed[random.pick(0, 8)];
}

/// Inputs with rows longer than needed: keys of about length 1, rates from 0 to 1.
struct BlockCase {
  BlockCase(int keys, int values, std::int64_t count, Gates gates, Random& random)
      : key_size(keys),
        value_size(values),
        tokens(count),
        state(test::random_values(random, keys * values)),
        key(test::random_values(random, count * (keys + 5))),
        query(test::random_values(random, count * (keys + 5))),
        value(test::random_values(random, count * (values + 1))),
        out(static_cast<std::size_t>(count * (values + 7)), kUntouched) {
    for (float& k : key) k /= std::sqrt(static_cast<float>(keys) / 3.0f);
    for (std::int64_t t = 0; t < 2 * count; ++t) {
      logs.push_back(random_log(gates, random));
      rate.push_back(0.5f + 0.5f * random.unit());
    }
  }

  /// Processes tokens [first, first + count) as one block.
  void run(const kernels::Table& table, bool corrects, std::int64_t first, std::int64_t count) {
    std::vector<float> scratch(static_cast<std::size_t>(kernels::kBlockScratch) + 16, kUntouched);
    kernels::Recurrence call{};
    call.state = state.data();
    call.key_size = key_size;
    call.value_size = value_size;
    call.tokens = count;
    call.keys = key.data() + first * (key_size + 5);
    call.queries = query.data() + first * (key_size + 5);
    call.key_stride = key_size + 5;
    call.values = value.data() + first * (value_size + 1);
    call.value_stride = value_size + 1;
    call.decays = logs.data() + first * 2;
    call.rates = rate.data() + first * 2;
    call.gate_stride = 2;
    call.scale = 0.7f;
    call.skip = 0.3f;
    call.out = out.data() + first * (value_size + 7);
    call.out_stride = value_size + 7;
    (corrects ? table.delta_rule_block : table.scan_block)({call, scratch.data()});
    for (std::size_t i = scratch.size() - 16; i < scratch.size(); ++i) REQUIRE(scratch[i] == kUntouched);
  }
  /// All tokens, in blocks of this many.
  void run_in_blocks(const kernels::Table& table, bool corrects, std::int64_t block) {
    for (std::int64_t first = 0; first < tokens; first += block) {
      run(table, corrects, first, std::min(block, tokens - first));
    }
  }

  /// The outs of the definition (Recurrence in recurrence.hpp), in doubles; `s`: the state, which is advanced.
  std::vector<double> expected(bool corrects, std::vector<double>& s) const {
    std::vector<double> result;
    for (std::int64_t t = 0; t < tokens; ++t) {
      const float* k = key.data() + t * (key_size + 5);
      const float* q = query.data() + t * (key_size + 5);
      const double d = std::exp(static_cast<double>(logs[static_cast<std::size_t>(t * 2)]));
      for (int j = 0; j < value_size; ++j) {
        const auto v = static_cast<double>(value[static_cast<std::size_t>(t * (value_size + 1) + j)]);
        const auto at = [&](int i) -> double& {
          return s[static_cast<std::size_t>(kernels::state_index(key_size, value_size, i, j))];
        };
        double seen = 0, sum = 0;
        for (int i = 0; i < key_size; ++i) seen += at(i) * static_cast<double>(k[i]);
        const double update =
            static_cast<double>(rate[static_cast<std::size_t>(t * 2)]) * (corrects ? v - d * seen : v);
        for (int i = 0; i < key_size; ++i) {
          at(i) = d * at(i) + static_cast<double>(k[i]) * update;
          sum += at(i) * static_cast<double>(q[i]);
        }
        result.push_back(static_cast<double>(0.7f) * sum + static_cast<double>(0.3f) * v);
      }
    }
    return result;
  }
  float out_at(std::int64_t t, int j) const { return out[static_cast<std::size_t>(t * (value_size + 7) + j)]; }

  static constexpr float kUntouched = 123.0f;
  int key_size, value_size;
  std::int64_t tokens;
  std::vector<float> state, key, query, value, logs, rate, out;
};

/// Outs and state within a ten thousandth of the largest of them; nothing is written beside the outs.
void check_against_definition(const kernels::Table& table, BlockCase& c, bool corrects, std::int64_t block) {
  std::vector<double> state(c.state.begin(), c.state.end());
  const std::vector<double> outs = c.expected(corrects, state);
  double largest = 0;
  for (const double value : outs) largest = std::max(largest, std::fabs(value));
  for (const double value : state) largest = std::max(largest, std::fabs(value));
  c.run_in_blocks(table, corrects, block);
  std::int64_t wrong = 0, touched = 0;
  const auto compare = [&](float got, double want) {
    if (!(std::fabs(static_cast<double>(got) - want) <= 1e-4 * largest)) ++wrong;
  };
  for (std::int64_t t = 0; t < c.tokens; ++t) {
    for (int j = 0; j < c.value_size; ++j)
      compare(c.out_at(t, j), outs[static_cast<std::size_t>(t * c.value_size + j)]);
    for (int j = c.value_size; j < c.value_size + 7; ++j) touched += c.out_at(t, j) == BlockCase::kUntouched ? 0 : 1;
  }
  for (std::size_t i = 0; i < state.size(); ++i) compare(c.state[i], state[i]);
  REQUIRE(wrong == 0);
  REQUIRE(touched == 0);
}

}  // namespace

TEST_CASE("blocks give what their tokens give one after another, whatever the decays") {
  constexpr std::pair<int, int> kShapes[] = {{1, 1}, {12, 12}, {16, 13}, {21, 70}, {128, 128}, {128, 64}};
  constexpr std::int64_t kLengths[] = {1, 2, 3, 8, 31, kernels::kBlockTokens};
  for_each_set_of_blocks([&](const kernels::Table& table) {
    Random random(31);
    for (const std::pair<int, int>& shape : kShapes) {
      const int keys = shape.first, values = shape.second;
      for (const Gates gates : kAllGates) {
        for (const bool corrects : {false, true}) {
          for (const std::int64_t length : kLengths) {
            CAPTURE(keys);
            CAPTURE(values);
            CAPTURE(corrects);
            CAPTURE(length);
            BlockCase one(keys, values, length, gates, random);
            check_against_definition(table, one, corrects, length);
          }
        }
      }
    }
  });
}

TEST_CASE("blocks stay with the definition over long texts") {
  for_each_set_of_blocks([&](const kernels::Table& table) {
    Random random(32);
    for (const Gates gates : kAllGates) {
      for (const bool corrects : {false, true}) {
        CAPTURE(corrects);
        BlockCase text(24, 20, 2007, gates, random);
        check_against_definition(table, text, corrects, kernels::kBlockTokens);
      }
    }
  });
}

TEST_CASE("a token's bits depend on the tokens before it in the block, not on those behind") {
  for_each_set_of_blocks([&](const kernels::Table& table) {
    Random random(33);
    for (const bool corrects : {false, true}) {
      BlockCase whole(20, 37, kernels::kBlockTokens, Gates::mixed, random);
      const std::vector<float> state = whole.state;
      whole.run(table, corrects, 0, kernels::kBlockTokens);
      for (std::int64_t length = 1; length < kernels::kBlockTokens; ++length) {
        BlockCase shorter = whole;
        shorter.state = state;
        std::fill(shorter.out.begin(), shorter.out.end(), BlockCase::kUntouched);
        shorter.run(table, corrects, 0, length);
        for (std::int64_t t = 0; t < length; ++t) {
          for (int j = 0; j < 37; ++j) REQUIRE(shorter.out_at(t, j) == whole.out_at(t, j));
        }
      }
    }
  });
}

TEST_CASE("a logarithm that is not a number is not lost") {
  for_each_set_of_blocks([&](const kernels::Table& table) {
    Random random(34);
    BlockCase bad(16, 16, 10, Gates::weak, random);
    bad.logs[2 * 4] = std::nanf("");
    bad.run(table, true, 0, 10);
    CHECK(std::isfinite(bad.out_at(3, 0)));
    CHECK(std::isnan(bad.out_at(4, 0)));
    CHECK(std::isnan(bad.state[0]));
  });
}

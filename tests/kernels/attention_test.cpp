// Attention in every instruction set: compared with doubles within the possible rounding errors of scores and sums, at
// odd sizes, at the edges of blocks and at the end of memory; and the same bits however the work is cut.
#include <doctest/doctest.h>

#include <cfloat>
#include <cmath>
#include <limits>

#include "kernels/dispatch.hpp"
#include "tests/kernels/attention_case.hpp"

namespace {

using namespace brim;
using kernels::AttentionState;
using kernels::KvType;
using test::AttentionCase;
using test::AttentionShape;
using test::Random;
using test::RowState;

/// Calls check(table, case) for every instruction set and all storage types of keys and values, with the rest of the
/// shape as given.
template <class Check>
void for_each_set_and_type(AttentionShape shape, int pieces, Check check) {
  constexpr int kCount = kernels::kKvTypeCount;
  for (int pair = 0; pair < kCount * kCount; ++pair) {
    shape.types = {static_cast<KvType>(pair / kCount), static_cast<KvType>(pair % kCount)};
    Random random(static_cast<std::uint64_t>(shape.key_size * 31 + shape.end));
    const AttentionCase made(random, shape, pieces);
    for (std::string_view set : kernels::usable_sets(kernels::this_machine(), "")) {
      const std::string name(set), type_name(kernels::kv_types_name(shape.types));
      CAPTURE(name);
      CAPTURE(type_name);
      CAPTURE(shape.key_size);
      CAPTURE(shape.value_size);
      CAPTURE(shape.first);
      CAPTURE(shape.end);
      CAPTURE(shape.tokens);
      CAPTURE(shape.group);
      check(kernels::table_for(set), made);
    }
  }
}

/// A row's weighted mean in doubles, and a bound of the error of floats, per unit of Σ weight · |value|: each weight
/// has the error of its score, of the largest score and of the exponential, and each sum has one rounding per entry.
/// Where values are stored rotated, each dimension has errors of all of them: at most in proportion to Σ weight · length
/// of the value, and a few roundings more.
struct Expected {
  double largest = -INFINITY;
  double sum = 0;
  double relative = 0;
  double of_values = 0;  ///< rounded_values_error
  std::vector<double> mean, norm;
};

/// Sets with integer products round weight · scale of each value in levels: for 32 entries, half a step of the largest
/// product / 32512, times the levels of the row's entries. A scale times the largest level is at most 1.05 times the
/// value's length, and the sums are rotated back.
double rounded_values_error(const AttentionCase& made, std::int64_t row, double largest) {
  if (!kernels::kv_scaled(made.shape.types.value)) return 0;
  const kernels::Seen seen = made.seen(row / made.shape.group);
  double error = 0;
  for (std::int64_t first = seen.first; first < seen.end;) {
    const std::int64_t end = std::min(seen.end, (first / 32 + 1) * 32);
    double product = 0;
    for (std::int64_t i = first; i < end; ++i) {
      product = std::max(product, std::exp(made.score(row, i) - largest) * made.value_norm(i));
    }
    error += 0.51 * 1.05 / 32512 * product * static_cast<double>(end - first);
    first = end;
  }
  return error * std::sqrt(static_cast<double>(made.shape.value_size));
}

Expected expect(const AttentionCase& made, std::int64_t row) {
  const kernels::Seen seen = made.seen(row / made.shape.group);
  Expected e;
  double error = 0;
  for (std::int64_t i = seen.first; i < seen.end; ++i) {
    e.largest = std::max(e.largest, made.score(row, i));
    error = std::max(error, made.score_error(row, i));
  }
  e.mean.resize(static_cast<std::size_t>(made.shape.value_size));
  e.norm = e.mean;
  for (std::int64_t i = seen.first; i < seen.end; ++i) {
    const double weight = std::exp(made.score(row, i) - e.largest);
    e.sum += weight;
    for (int d = 0; d < made.shape.value_size; ++d) {
      e.mean[static_cast<std::size_t>(d)] += weight * made.value(i, d);
      e.norm[static_cast<std::size_t>(d)] +=
          weight * (kernels::kv_scaled(made.shape.types.value) ? made.value_norm(i) : std::fabs(made.value(i, d)));
    }
  }
  const double rounding = static_cast<double>(seen.end - seen.first + 16) * 0x1p-24;
  const double range = 2 * std::fabs(e.largest) * 0x1p-24;
  e.relative = 2 * (2 * error + range + rounding);
  e.of_values = rounded_values_error(made, row, e.largest) / e.sum;
  return e;
}

void check_rows(const AttentionCase& made, const std::vector<RowState>& states) {
  REQUIRE(static_cast<std::int64_t>(states.size()) == made.shape.tokens * made.shape.group);
  for (std::int64_t row = 0; row < made.shape.tokens * made.shape.group; ++row) {
    const Expected expected = expect(made, row);
    const RowState& found = states[static_cast<std::size_t>(row)];
    const auto sum = static_cast<double>(found.sum);
    const double level = static_cast<double>(found.largest) + std::log(sum);
    REQUIRE(std::fabs(level - expected.largest - std::log(expected.sum)) <= expected.relative + 1e-7);
    for (std::size_t d = 0; d < found.out.size(); ++d) {
      const double mean = expected.mean[d] / expected.sum, norm = expected.norm[d] / expected.sum;
      REQUIRE(std::fabs(static_cast<double>(found.out[d]) / sum - mean) <=
              expected.relative * norm + expected.of_values);
    }
  }
}

}  // namespace

TEST_CASE("attention agrees with doubles at every head size") {
  for (int size : {2, 4, 6, 16, 24, 30, 32, 34, 48, 64, 80, 96, 112, 128, 256}) {
    AttentionShape shape;
    shape.key_size = shape.value_size = size;
    shape.group = 3;
    shape.tokens = size < 40 ? 7 : 2;
    shape.first = 50;
    shape.end = 150;
    for_each_set_and_type(
        shape, 3, [](const kernels::Table& table, const AttentionCase& made) { check_rows(made, made.attend(table)); });
  }
}

TEST_CASE("attention agrees with doubles at the edges of blocks, with keys and values of two sizes") {
  struct Range {
    std::int64_t first, end;
  };
  for (const Range range : {Range{0, 1},
                            {0, 2},
                            {63, 64},
                            {63, 65},
                            {0, 63},
                            {0, 64},
                            {0, 65},
                            {1, 64},
                            {7, 23},
                            {17, 31},
                            {60, 200},
                            {960, 1024},
                            {0, 1024}}) {
    AttentionShape shape;
    shape.key_size = 20;
    shape.value_size = 34;
    shape.group = 2;
    shape.first = range.first;
    shape.end = range.end;
    for (std::int64_t tokens : {1, 9}) {
      shape.tokens = std::min(tokens, range.end - range.first);
      for_each_set_and_type(shape, 2, [](const kernels::Table& table, const AttentionCase& made) {
        check_rows(made, made.attend(table));
      });
    }
  }
}

TEST_CASE("windows, soft caps, and entries that no token sees") {
  for (const float cap : {0.0f, 1.5f, 50.0f}) {
    for (std::int64_t window : {1, 5, 64, 70}) {
      AttentionShape shape;
      shape.key_size = shape.value_size = 32;
      shape.group = 2;
      shape.tokens = 40;
      shape.first = 3;
      shape.end = 260;
      shape.window = window;
      shape.later = 70;
      shape.soft_cap = cap;
      for_each_set_and_type(shape, 3, [](const kernels::Table& table, const AttentionCase& made) {
        check_rows(made, made.attend(table));
      });
    }
  }
}

TEST_CASE("a row has the same bits alone and in company, however entries are stored and whatever else is in the call") {
  for (int group : {1, 4, 7}) {
    for (std::int64_t window : {0, 90}) {
      AttentionShape shape;
      shape.key_size = 64;
      shape.value_size = group == 7 ? 80 : 64;
      shape.group = group;
      shape.tokens = 37;
      shape.first = 20;
      shape.end = 300;
      shape.window = window;
      for_each_set_and_type(shape, 1, [&](const kernels::Table& table, const AttentionCase& whole) {
        Random random(static_cast<std::uint64_t>(shape.key_size * 31 + shape.end));
        const std::vector<RowState> together = whole.attend(table);
        for (std::int64_t token = 0; token < shape.tokens; token += 3) {
          const kernels::Seen seen = whole.seen(token);
          const std::vector<RowState> alone = whole.attend(table, token, 1, seen.first, seen.end);
          const std::vector<RowState> few = whole.attend(table, token, std::min<std::int64_t>(2, shape.tokens - token),
                                                         seen.first - seen.first % 5, shape.end);
          for (std::size_t g = 0; g < static_cast<std::size_t>(group); ++g) {
            const RowState& row = together[static_cast<std::size_t>(token * group) + g];
            REQUIRE(alone[g] == row);
            REQUIRE(few[g] == row);
          }
        }
      });
    }
  }
}

TEST_CASE("where entries are stored changes no bit") {
  // The same entries from one run and from many: f32 stores exactly the given values.
  for (std::string_view set : kernels::usable_sets(kernels::this_machine(), "")) {
    const kernels::Table table = kernels::table_for(set);
    Random random(5);
    constexpr int kSize = 48;
    constexpr std::size_t kEntries = 200;
    const std::vector<float> keys = test::random_values(random, kSize * kEntries);
    const std::vector<float> values = test::random_values(random, kSize * kEntries);
    const std::vector<float> query = test::random_values(random, kSize);
    const auto attend = [&](std::vector<std::int64_t> counts) {
      std::vector<kernels::KvRun> runs;
      std::size_t at = 0;
      for (std::int64_t count : counts) {
        runs.push_back({reinterpret_cast<const std::byte*>(keys.data() + at),
                        reinterpret_cast<const std::byte*>(values.data() + at), kSize * 4, kSize * 4, count});
        at += static_cast<std::size_t>(count) * kSize;
      }
      REQUIRE(at == kEntries * kSize);
      RowState state{0, 0, std::vector<float>(kSize)};
      std::vector<float> scratch(static_cast<std::size_t>(kernels::attention_scratch(1, kSize, kSize)));
      const kernels::Seen seen{10, 10 + kEntries};
      table.attend[0][0]({runs.data(),
                          10,
                          10 + kEntries,
                          kSize,
                          kSize,
                          query.data(),
                          0,
                          1,
                          1,
                          &seen,
                          0.3f,
                          0.0f,
                          {&state.largest, &state.sum, state.out.data(), 1},
                          scratch.data()});
      return state;
    };
    const RowState once = attend({kEntries});
    CHECK(attend({1, 53, 1, 64, 0, 81}) == once);
    CHECK(attend({54, 64, 64, 18}) == once);
  }
}

TEST_CASE("states of parts make the state of all; an empty one changes no bit") {
  AttentionShape shape;
  shape.key_size = 16;
  shape.value_size = 48;
  shape.group = 3;
  shape.tokens = 2;
  shape.end = 500;
  for_each_set_and_type(shape, 1, [](const kernels::Table& table, const AttentionCase& made) {
    const auto merge = [&](std::vector<RowState> into, std::vector<RowState> later) {
      for (std::size_t row = 0; row < into.size(); ++row) {
        table.merge_attention({&into[row].largest, &into[row].sum, into[row].out.data(), 7},
                              {&later[row].largest, &later[row].sum, later[row].out.data(), 9}, 1, 1,
                              made.shape.value_size);
      }
      return into;
    };
    const auto part = [&](std::int64_t first, std::int64_t end) { return made.attend(table, 0, 2, first, end); };
    check_rows(made, merge(merge(part(0, 64), part(64, 200)), part(200, 500)));
    const std::vector<RowState> all = part(0, 500);
    const RowState none{-FLT_MAX, 0, std::vector<float>(static_cast<std::size_t>(made.shape.value_size))};
    const std::vector<RowState> nothing(all.size(), none);
    CHECK(merge(all, nothing) == all);
    CHECK(merge(nothing, all) == all);
    // Rows that see no entry of a call have this state.
    CHECK(made.attend(table, 0, 1, 499, 500) == std::vector<RowState>(3, none));
  });
}

TEST_CASE("merging finds its rows by the strides") {
  for (std::string_view set : kernels::usable_sets(kernels::this_machine(), "")) {
    constexpr int kSize = 6;
    std::vector<float> largest = {0, 1, 9, 2, 3, 9}, sums = {1, 1, 9, 1, 1, 9}, out(6 * kSize, 1.0f);
    std::vector<float> later_largest = {0, 1, 2, 3}, later_sums = {1, 2, 3, 4}, later_out(4 * kSize, 2.0f);
    kernels::table_for(set).merge_attention({largest.data(), sums.data(), out.data(), 3},
                                            {later_largest.data(), later_sums.data(), later_out.data(), 2}, 2, 2,
                                            kSize);
    CHECK(sums == std::vector<float>{2, 3, 9, 4, 5, 9});
    CHECK(largest == std::vector<float>{0, 1, 9, 2, 3, 9});
    for (std::size_t row = 0; row < 6; ++row) CHECK(out[row * kSize] == (row % 3 == 2 ? 1.0f : 3.0f));
  }
}

TEST_CASE("accumulated attention agrees with doubles and adds up in the order of tokens") {
  for (std::int64_t window : {0, 33}) {
    AttentionShape shape;
    shape.key_size = 48;
    shape.value_size = 16;
    shape.group = 3;
    shape.tokens = 21;
    shape.first = 30;
    shape.end = 170;
    shape.window = window;
    shape.soft_cap = 3;
    for_each_set_and_type(shape, 2, [&](const kernels::Table& table, const AttentionCase& made) {
      const std::vector<RowState> states = made.attend(table);
      std::vector<float> accumulated(static_cast<std::size_t>(shape.end - shape.first), 0.25f), in_turn = accumulated;
      made.add_attention(table, 0, shape.tokens, states, accumulated);
      for (std::int64_t token = 0; token < shape.tokens; token += 4) {
        made.add_attention(table, token, std::min<std::int64_t>(4, shape.tokens - token), states, in_turn);
      }
      CHECK(accumulated == in_turn);
      std::vector<double> expected(accumulated.size(), 0.25);
      double relative = 0;
      for (std::int64_t row = 0; row < shape.tokens * shape.group; ++row) {
        const Expected of_row = expect(made, row);
        relative = std::max(relative, of_row.relative);
        const kernels::Seen seen = made.seen(row / shape.group);
        for (std::int64_t i = seen.first; i < seen.end; ++i) {
          expected[static_cast<std::size_t>(i - shape.first)] +=
              std::exp(made.score(row, i) - of_row.largest) / of_row.sum;
        }
      }
      for (std::size_t i = 0; i < accumulated.size(); ++i) {
        REQUIRE(std::fabs(static_cast<double>(accumulated[i]) - expected[i]) <=
                (relative + 64 * 0x1p-24) * expected[i]);
      }
    });
  }
}

TEST_CASE("a score that is not a number shows in its own rows and in no other") {
  for (std::string_view set : kernels::usable_sets(kernels::this_machine(), "")) {
    const kernels::Table table = kernels::table_for(set);
    constexpr int kSize = 32;
    std::vector<float> keys(4 * kSize, 0.5f), values(4 * kSize, 1.0f), queries(2 * kSize, 0.1f);
    queries[3] = std::numeric_limits<float>::quiet_NaN();
    const kernels::KvRun run{reinterpret_cast<const std::byte*>(keys.data()),
                             reinterpret_cast<const std::byte*>(values.data()), kSize * 4, kSize * 4, 4};
    std::vector<float> largest(2), sums(2), out(2 * kSize);
    std::vector<float> scratch(static_cast<std::size_t>(kernels::attention_scratch(2, kSize, kSize)));
    const kernels::Seen seen{0, 4};
    table.attend[0][0]({&run,
                        0,
                        4,
                        kSize,
                        kSize,
                        queries.data(),
                        0,
                        2,
                        1,
                        &seen,
                        1.0f,
                        0.0f,
                        {largest.data(), sums.data(), out.data(), 2},
                        scratch.data()});
    CHECK(std::isnan(out[0] / sums[0]));
    CHECK(out[kSize] / sums[1] == doctest::Approx(1.0));
  }
}

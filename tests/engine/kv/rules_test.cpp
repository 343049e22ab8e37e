// The rules of the list: which entries each would keep, given the statistics that it requested.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "tests/engine/kv/fake_model.hpp"
#include "tests/support/policies.hpp"

using brim::kv::Entries;
using brim::kv::EntryMeasure;
using brim::test::rule_named;

namespace {

std::vector<float> scores_of(const char* name, const std::vector<float>& accumulated,
                             const std::vector<float>& norm = {}) {
  Entries entries;
  std::vector<std::int64_t> index(std::max(accumulated.size(), norm.size()));
  entries.index = index;
  entries.accumulated = accumulated;
  entries.measure = norm;
  std::vector<float> scores(index.size(), -1);
  rule_named(name)->score(entries, scores);
  return scores;
}

}  // namespace

TEST_CASE("what rules ask for") {
  CHECK(rule_named("h2o")->needs().attention_queries == brim::kv::kAllQueries);
  CHECK(rule_named("snapkv")->needs().attention_queries == 32);
  CHECK(rule_named("tova")->needs().attention_queries == 1);
  CHECK(rule_named("tova")->needs().attention_kept == 0);
  CHECK(rule_named("knorm")->needs().attention_queries == 0);
  CHECK(rule_named("knorm")->needs().measure == EntryMeasure::key_norm);
  CHECK(rule_named("h2o-value")->needs().measure == EntryMeasure::value_norm);
  CHECK(rule_named("snapkv-value")->needs().attention_queries == 32);
  CHECK(rule_named("dynsplit")->needs().cutting == brim::kv::Cutting::learned);
  CHECK(rule_named("blocks-priors")->needs().cutting == brim::kv::Cutting::priors);
  CHECK(rule_named("blocks-fixed32")->needs().cutting == brim::kv::Cutting::fixed);
  for (const char* name : {"blocks-priors", "blocks-fixed32"}) {
    CHECK(rule_named(name)->needs().blocks);
    CHECK(rule_named(name)->needs().attention_queries == rule_named("dynsplit")->needs().attention_queries);
  }
  CHECK(rule_named("distinct")->needs().attention_queries == 0);
  CHECK(rule_named("distinct")->needs().measure == EntryMeasure::distinctness);
}

TEST_CASE("distinct: the newest three quarters of the quota first, then the most distinct") {
  const std::vector<float> distinctness = {-0.9f, 0.2f, -0.5f, 0.1f, -0.8f, -0.7f, 0.9f};
  const std::vector<std::int64_t> index(distinctness.size());
  Entries entries;
  entries.index = index;
  entries.measure = distinctness;
  std::vector<float> scores(distinctness.size(), -7.0f);
  const float first = std::numeric_limits<float>::infinity();
  for (const auto& [quota, newest] : {std::pair<std::int64_t, std::size_t>{4, 3}, {5, 3}, {1, 0}, {100, 7}, {0, 0}}) {
    entries.quota = quota;
    rule_named("distinct")->score(entries, scores);
    for (std::size_t i = 0; i < scores.size(); ++i) {
      CHECK(scores[i] == (i + newest >= scores.size() ? first : distinctness[i]));
    }
  }
  // Where nothing was compared, all are alike.
  entries.quota = 4;
  entries.measure = {};
  rule_named("distinct")->score(entries, scores);
  CHECK(scores == std::vector<float>{0, 0, 0, 0, first, first, first});
}

TEST_CASE("learned: the newest half of the quota first, then the highest scores") {
  CHECK(rule_named("learned")->needs().attention_queries == 0);
  CHECK(rule_named("learned")->needs().measure == EntryMeasure::learned);
  const std::vector<float> learned = {-3, -1, -9, -2, -8, -7};
  const std::vector<std::int64_t> index(learned.size());
  Entries entries;
  entries.index = index;
  entries.measure = learned;
  std::vector<float> scores(learned.size(), 0.0f);
  const float first = std::numeric_limits<float>::infinity();
  for (const auto& [quota, newest] : {std::pair<std::int64_t, std::size_t>{4, 2}, {5, 2}, {1, 0}, {100, 6}}) {
    entries.quota = quota;
    rule_named("learned")->score(entries, scores);
    for (std::size_t i = 0; i < scores.size(); ++i) {
      CHECK(scores[i] == (i + newest >= scores.size() ? first : learned[i]));
    }
  }
}

TEST_CASE("h2o and tova: more attention is kept longer; knorm: a smaller key") {
  const std::vector<float> accumulated = {3, 1, 2};
  CHECK(scores_of("h2o", accumulated) == accumulated);
  CHECK(scores_of("tova", accumulated) == accumulated);
  const auto by_norm = scores_of("knorm", {}, {5, 1, 3});
  CHECK(by_norm[1] > by_norm[2]);
  CHECK(by_norm[2] > by_norm[0]);
}

TEST_CASE("snapkv: neighbours of what is attended stay with it, three to either side, fewer at the ends") {
  std::vector<float> accumulated(20, 0.0f);
  accumulated[10] = 7;
  const auto scores = scores_of("snapkv", accumulated);
  for (std::size_t i = 0; i < 20; ++i) CHECK(scores[i] == (i >= 7 && i <= 13 ? 1.0f : 0.0f));
  accumulated[10] = 0;
  accumulated[0] = 4;
  const auto first = scores_of("snapkv", accumulated);
  CHECK(first[0] == 1);
  CHECK(first[1] == doctest::Approx(4.0 / 5));
  CHECK(first[3] == doctest::Approx(4.0 / 7));
  CHECK(first[4] == 0);
  CHECK(scores_of("snapkv", {}).empty());
}

TEST_CASE("value-weighted: attention to an entry without a value counts for nothing") {
  const auto scores = scores_of("h2o-value", {10, 1, 1}, {0, 2, 3});
  CHECK(scores == std::vector<float>{0, 2, 3});
}

TEST_CASE("norms are known once and for all: going back is exact, where accumulated attention needs another prefill") {
  const auto shape = brim::test::fake_shape(2, 400);
  for (const std::string name : {"knorm", "h2o"}) {
    const auto plan = brim::test::make_plan(shape, brim::test::budget_share(30), 1 << 30, "uniform", name);
    REQUIRE(plan.ok());
    brim::test::FakeModel model(*plan);
    REQUIRE(model.ok());
    model.read(40);
    REQUIRE(model.cache().evicted() == 0);
    CHECK(model.cache().truncate(30) == (name == "knorm"));
  }
}

TEST_CASE("norms are of what was staged, and follow their entries through eviction") {
  for (const std::string name : {"knorm", "h2o-value"}) {
    const auto shape = brim::test::fake_shape(2, 400);
    const auto plan = brim::test::make_plan(shape, brim::test::budget_share(30), 1 << 30, "uniform", name);
    REQUIRE(plan.ok());
    REQUIRE(plan->quota[0] < 200);
    brim::test::FakeModel model(*plan);
    REQUIRE(model.ok());
    model.read(200);
    // With knorm the smallest keys of all processed tokens are there, in addition to the entries that are always kept.
    const auto view = model.view(1);
    CHECK(view.entries() <= plan->quota[1]);
    CHECK(model.cache().evicted() > 0);
    CHECK(model.cache().bytes_peak() <= plan->budget_bytes);
    CHECK(model.guards_intact());
    if (name != "knorm") continue;
    const auto norm_of = [&](std::int64_t token) {
      double sum = 0;
      for (int head = 0; head < 2; ++head) {
        double own = 0;
        for (const float x : brim::test::fake_vector(1, head, token, 16, false)) own += double{x} * x;
        sum += std::sqrt(own);
      }
      return sum;
    };
    double kept = 0, all = 0;
    for (const std::int64_t position : view.positions()) kept += norm_of(position);
    for (std::int64_t token = 0; token < 200; ++token) all += norm_of(token);
    CHECK(kept / static_cast<double>(view.entries()) < all / 200 - 0.1);
  }
}

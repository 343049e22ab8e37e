// Rules that use accumulated attention: what they are given, and what it costs.
#include <doctest/doctest.h>

#include <map>
#include <vector>

#include "engine/kv/layout.hpp"
#include "tests/engine/kv/fake_model.hpp"

using namespace brim::test;
using brim::kv::Entries;
using brim::kv::Plan;
using brim::kv::View;

namespace {

/// Keeps the entries with the most accumulated attention; checks that its input is consistent.
class AttentionRule : public brim::kv::Rule {
 public:
  std::string_view name() const override { return "accumulated attention"; }
  brim::kv::Needs needs() const override { return {.attention_queries = brim::kv::kAllQueries}; }
  void score(const Entries& entries, std::span<float> scores) const noexcept override {
    ++calls;
    consistent = consistent && entries.accumulated.size() == scores.size() && entries.index.size() == scores.size() &&
                 entries.sinks + entries.recent < static_cast<std::int64_t>(scores.size());
    for (std::size_t i = 0; i < scores.size(); ++i) {
      if (i > 0) consistent = consistent && entries.index[i - 1] < entries.index[i];
      consistent = consistent && entries.accumulated[i] == expected[entries.index[i]];
      scores[i] = entries.accumulated[i];
    }
  }
  mutable int calls = 0;
  mutable bool consistent = true;
  mutable std::map<std::int64_t, float> expected;  ///< accumulated attention by token
};

Plan attention_plan(const brim::kv::Shape& shape, double percent, const AttentionRule& rule) {
  Plan plan = plan_of(shape, budget_share(percent));
  // The same quotas with room for accumulated attention, as make_plan reserves it for a rule in the list.
  plan.rule = &rule;
  plan.needs = rule.needs();
  std::int64_t slots = 0;
  for (const std::int64_t quota : plan.quota) slots += (quota + 15) / 16 * 16;
  const std::int64_t more = 4 * slots + 4 * (shape.context + plan.chunk) + 128;
  plan.budget_bytes += more;
  plan.metadata_bytes += more;
  plan.full_bytes += 1000000;
  return plan;
}

}  // namespace

TEST_CASE("accumulated attention follows its entries through eviction, and the highest are kept") {
  const AttentionRule rule;
  const Plan plan = attention_plan(fake_shape(1, 2000), 5, rule);
  const std::int64_t quota = plan.quota[0];
  REQUIRE(quota >= 32);
  REQUIRE(quota < 400);
  FakeModel model(plan);
  REQUIRE(model.ok());
  CHECK(model.cache().needs().accumulated_attention());
  Random random(8);
  while (model.cache().tokens() < 1500) {
    const std::int64_t first = model.cache().tokens();
    model.read_chunk(random.pick(1, plan.chunk), [&](int layer) {
      // Before any rebase a position is the token's place; every 50th token gets attention from all queries.
      const View view = model.cache().view(stream(layer));
      std::vector<float> accumulated;
      for (const std::int64_t token : view.positions())
        accumulated.push_back(token % 50 == 7 ? 10000.0f : random.unit() + 1);
      for (std::size_t i = 0; i < accumulated.size(); ++i) rule.expected[view.positions()[i]] += accumulated[i];
      model.add_attention(layer, accumulated, 1);
    });
    REQUIRE(model.cache().tokens() > first);
  }
  CHECK(rule.calls > 10);
  CHECK(rule.consistent);
  const auto positions = model.cache().view(stream(0)).positions();
  for (std::int64_t token = 7; token < 1000; token += 50) {
    CHECK(std::find(positions.begin(), positions.end(), token) != positions.end());
  }
  CHECK(model.cache().bytes_peak() <= plan.budget_bytes);
  CHECK(model.guards_intact());
}

TEST_CASE(
    "accumulated attention that decides cannot be taken back: no truncate, and a cancelled chunk that added some is "
    "stale") {
  const AttentionRule rule;
  const Plan plan = attention_plan(fake_shape(1, 2000), 5, rule);
  FakeModel model(plan);
  REQUIRE(model.ok());
  model.read(10);
  CHECK(model.cache().truncate(10));
  CHECK(!model.cache().truncate(9));
  model.begin(1);
  model.abandon();
  CHECK(!model.cache().stale());
  const std::int64_t position = model.begin(1);
  model.stage(0, 10, position, 1);
  model.add_attention(0, std::vector<float>(11, 1.0f), 1);
  model.abandon();
  CHECK(model.cache().stale());
}

TEST_CASE("accumulated attention costs four bytes per entry, and nothing when no policy needs it") {
  CHECK(brim::kv::metadata_bytes({}) == 16);
  CHECK(brim::kv::metadata_bytes({.attention_queries = 1}) == 20);
  CHECK(brim::kv::metadata_bytes({.attention_queries = 1, .measure = brim::kv::EntryMeasure::value_norm}) == 24);
  FakeModel model(plan_of(fake_shape(1, 64), budget_full()));
  CHECK(!model.cache().needs().accumulated_attention());
  model.begin(1);
  model.stage(0, 0, 0, 1);
  model.add_attention(0, std::vector<float>(1, 1.0f), 1);  // ignored
  model.commit(0);
  model.end();
  CHECK(model.guards_intact());
}

// Rule learned in the memory: which entries are kept, where distinct decides in its place, what it costs, and that a
// saved state names the scores it was written with.
#include "engine/kv/learned_scores.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "engine/kv/heads.hpp"
#include "engine/kv/layout.hpp"
#include "tests/engine/kv/distinct_plans.hpp"

namespace learned_scores_test {

using namespace brim;
using namespace brim::test;
using kernels::KvType;

/// Every layer keeps `quota` entries; the first `scored` layers have learned scores.
kv::Plan learned_plan(kv::Shape shape, std::int64_t quota, std::size_t scored, int chunk = 16) {
  for (std::size_t i = 0; i < shape.layers.size(); ++i) shape.layers[i].scored = i < scored;
  return plan_of_rule(shape, std::vector<std::int64_t>(shape.layers.size(), quota), kv::learned_rule(), chunk);
}

/// Four sinks, the newest half of a quota of 32, and the best of the other tokens so far, which are 48.
std::vector<std::int64_t> best_of_48(const std::vector<float>& scores) {
  std::vector<std::int64_t> middle;
  for (std::int64_t token = 4; token < 32; ++token) middle.push_back(token);
  std::sort(middle.begin(), middle.end(), [&](std::int64_t a, std::int64_t b) {
    return scores[static_cast<std::size_t>(a)] > scores[static_cast<std::size_t>(b)];
  });
  middle.resize(12);
  for (std::int64_t token = 0; token < 48; ++token) {
    if (token < 4 || token >= 32) middle.push_back(token);
  }
  std::sort(middle.begin(), middle.end());
  return middle;
}

TEST_CASE("a score is a dot product with one more weight, whatever the width") {
  for (const std::int64_t width : {1, 3, 8, 13, 64, 65}) {
    std::vector<float> weights, input;
    double sum = 0;
    for (std::int64_t i = 0; i < width; ++i) {
      weights.push_back(static_cast<float>(i % 5) - 2.0f);
      input.push_back(0.25f * static_cast<float>(i % 7));
      sum += double{weights.back()} * double{input.back()};
    }
    weights.push_back(0.5f);
    CHECK(kv::learned_score(weights.data(), input.data(), width) == static_cast<float>(sum + 0.5));
  }
}

TEST_CASE("learned keeps sinks, the newest half and the highest means over heads; apart, each head its own") {
  const kv::Shape shape = fake_shape(2, 128, KvType::f16, 3, 16);
  FakeModel model(learned_plan(shape, 32, 2));
  REQUIRE(model.ok());
  for (int chunk = 0; chunk < 3; ++chunk) model.read_chunk(16);
  for (int layer = 0; layer < 2; ++layer) {
    std::vector<float> means;
    for (std::int64_t token = 0; token < 48; ++token) {
      float sum = 0;
      for (int head = 0; head < 3; ++head) sum += fake_score(layer, head, token);
      means.push_back(sum / 3);
    }
    CHECK(positions_of(model, layer) == best_of_48(means));
  }
  CHECK(positions_of(model, 0) != positions_of(model, 1));

  FakeModel apart(learned_plan(kv::heads_apart(fake_shape(1, 128, KvType::f16, 2, 16), 16), 32, 2));
  REQUIRE(apart.ok());
  for (int chunk = 0; chunk < 3; ++chunk) apart.read_chunk(16);
  for (int head = 0; head < 2; ++head) {
    std::vector<float> scores;
    for (std::int64_t token = 0; token < 48; ++token) scores.push_back(fake_score(head, 0, token));
    CHECK(positions_of(apart, head) == best_of_48(scores));
  }
}

TEST_CASE("a layer without scores keeps what distinct keeps, beside one that has them") {
  const kv::Shape shape = fake_shape(2, 96, KvType::q8_0, 2, 24);
  FakeModel mixed(learned_plan(shape, 48, 1)), distinct(distinct_with_quota(shape, 48, 16));
  REQUIRE((mixed.ok() && distinct.ok()));
  for (FakeModel* each : {&mixed, &distinct}) {
    each->read(150);  // rebased on the way
    each->read_chunk(1);
  }
  CHECK(mixed.cache().rebased() > 0);
  CHECK(positions_of(mixed, 1) == positions_of(distinct, 1));
  CHECK(positions_of(mixed, 0) != positions_of(distinct, 0));
  CHECK(mixed.guards_intact());
}

TEST_CASE("only layers without scores have anchors; where everything fits there are none, and no scores") {
  kv::Shape shape = fake_shape(4, 256, KvType::f16);
  shape.layers[0].scored = shape.layers[2].scored = true;
  const kv::Needs needs = kv::learned_rule().needs();
  CHECK(2 * kv::anchor_bytes(shape, needs) == kv::anchor_bytes(shape, kv::distinct_rule().needs()));
  const auto full = make_plan(shape, budget_full(), 0, "uniform", "learned");
  const auto window = make_plan(shape, budget_full(), 0, "uniform", "window");
  REQUIRE((full.ok() && window.ok()));
  CHECK(full->full_bytes == window->full_bytes);
  CHECK(full->needs.measure == kv::EntryMeasure::none);
  CHECK(!full->compares_keys());
  CHECK(!full->scores_entries());
  const auto half = make_plan(shape, budget_share(50), 0, "uniform", "learned");
  REQUIRE(half.ok());
  CHECK((half->scores_entries(stream(0)) && !half->compares_keys(stream(0))));
  CHECK((half->compares_keys(stream(1)) && !half->scores_entries(stream(1))));
  CHECK(&half->rule_of(stream(0)) == &kv::learned_rule());
  CHECK(&half->rule_of(stream(1)) == &kv::distinct_rule());
  for (kv::StreamShape& layer : shape.layers) layer.scored = true;
  CHECK(kv::anchor_bytes(shape, needs) == 0);
}

TEST_CASE("with scores alone going back is exact wherever nothing was evicted since") {
  const kv::Plan plan = learned_plan(fake_shape(2, 256, KvType::f16), 64, 2);
  FakeModel model(plan), plain(plan);
  for (FakeModel* each : {&model, &plain}) each->read(50);
  model.read(10);
  CHECK(!model.cache().truncate(61));
  CHECK(model.cache().truncate(50));
  CHECK(positions_of(model, 1) == positions_of(plain, 1));
  for (FakeModel* each : {&model, &plain}) each->read(100);
  CHECK(model.cache().evicted() > 0);
  CHECK(saved(model.cache()) == saved(plain.cache()));
}

TEST_CASE("a saved state is restored under the same scores alone") {
  kv::Plan plan = learned_plan(fake_shape(2, 128, KvType::f16), 32, 1);
  auto scores = std::make_shared<kv::LearnedScores>();
  scores->hash = "fnv1a-1";
  plan.scores = scores;
  FakeModel model(plan), same(plan);
  model.read(70);
  const auto bytes = saved(model.cache());
  REQUIRE(restore(same.cache(), bytes));
  CHECK(saved(same.cache()) == bytes);
  auto others = std::make_shared<kv::LearnedScores>();
  others->hash = "fnv1a-2";
  plan.scores = others;
  FakeModel other(plan);
  const Status status = restore(other.cache(), bytes);
  REQUIRE(!status);
  CHECK(status.error().sentence.find("learned scores") != std::string::npos);
  CHECK(status.error().sentence.find("fnv1a-2") != std::string::npos);
  for (FakeModel* each : {&model, &same}) each->read(40);
  CHECK(saved(same.cache()) == saved(model.cache()));
}

TEST_CASE("the hash follows every number") {
  kv::LearnedScores scores;
  scores.width = 2;
  scores.layers = {{1, 0.5f, {1, 2, 3}}, {0, 0, {}}};
  const std::string hash = kv::score_hash(scores);
  CHECK(hash.size() == 22);
  scores.layers[0].weights[2] = 4;
  CHECK(kv::score_hash(scores) != hash);
  scores.layers[0].weights[2] = 3;
  CHECK(kv::score_hash(scores) == hash);
  scores.layers[0].r2 = 0.25f;
  CHECK(kv::score_hash(scores) != hash);
  CHECK(scores.usable(kv::LayerId{0}));
  scores.layers[0].r2 = 0.0625f;
  CHECK(!scores.usable(kv::LayerId{0}));
  CHECK(!scores.usable(kv::LayerId{1}));
  CHECK(!scores.usable(kv::LayerId{2}));
}

}  // namespace learned_scores_test

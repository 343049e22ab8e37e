// Rule distinct in the memory: what each token's key is compared with, which entries are kept, and what it costs.
#include "engine/kv/anchors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <vector>

#include "engine/kv/distinctness.hpp"
#include "engine/kv/heads.hpp"
#include "engine/kv/layout.hpp"
#include "tests/engine/kv/distinct_plans.hpp"
#include "tests/support/noting_rule.hpp"

using namespace brim;
using namespace brim::test;
using kernels::KvType;
using kv::Plan;
using kv::Shape;

namespace {

/// What distinctness should be, from the keys of one layer in the order of tokens.
std::vector<float> expected_distinctness(const kv::StreamShape& shape, std::int64_t tokens, int layer = 0) {
  std::vector<std::vector<float>> anchors(static_cast<std::size_t>(shape.kv_heads),
                                          std::vector<float>(static_cast<std::size_t>(shape.key_size)));
  std::vector<float> found;
  for (std::int64_t token = 0; token < tokens; ++token) {
    float sum = 0;
    for (int head = 0; head < shape.kv_heads; ++head) {
      const auto key = fake_vector(layer, head, token, shape.key_size, false);
      sum += kv::add_and_compare(key.data(), shape.key_size, anchors[static_cast<std::size_t>(head)].data());
    }
    found.push_back(sum / static_cast<float>(shape.kv_heads));
  }
  return found;
}

/// A text of keys that its tests make up: one layer of one head of 8 values.
struct InventedText {
  explicit InventedText(const Plan& plan) : model(plan) {}
  void read(const std::vector<std::vector<float>>& keys) {
    std::vector<float> rows;
    for (const auto& key : keys) rows.insert(rows.end(), key.begin(), key.end());
    const auto n = static_cast<std::int64_t>(keys.size());
    model.begin(n);
    model.chunk().compare_keys(stream(0), {rows.data(), 8});
    model.chunk().stage(stream(0), {rows.data(), rows.data(), 8, 8});
    model.commit(0);
    model.end();
  }
  FakeModel model;
};

std::vector<float> one_hot(std::size_t place, float length = 1) {
  std::vector<float> key(8);
  key[place] = length;
  return key;
}

}  // namespace

TEST_CASE("a token is compared with the keys up to its own, before rotation, however the text comes in pieces") {
  Shape shape = fake_shape(1, 96, KvType::q8_0, 3, 24);  // rebased several times on the way
  Plan plan = distinct_with_quota(shape, 32);
  const std::vector<float> expected = expected_distinctness(shape.layers[0], 400);
  for (const std::int64_t most : {1, 3, 16}) {
    CAPTURE(most);
    const NotingRule rule(kv::distinct_rule());
    plan.rule = &rule;
    FakeModel model(plan);
    REQUIRE(model.ok());
    Random random(static_cast<std::uint64_t>(most));
    while (model.cache().tokens() < 400) {
      model.read_chunk(
          std::min(random.pick(1, std::min<std::int64_t>(most, plan.chunk)), 400 - model.cache().tokens()));
    }
    CHECK(model.cache().rebased() > 3);
    CHECK(!rule.changed);
    CHECK(rule.noted.size() > 380);
    for (const auto& [token, distinctness] : rule.noted) {
      REQUIRE(distinctness == expected[static_cast<std::size_t>(token)]);
    }
  }
}

TEST_CASE("where heads keep entries of their own, each has its own key's distinctness") {
  const Shape apart = kv::heads_apart(fake_shape(1, 128, KvType::f16, 2, 16), 16);
  const Plan plan = distinct_with_quota(apart, 32, 16);
  FakeModel model(plan);
  REQUIRE(model.ok());
  for (int chunk = 0; chunk < 3; ++chunk) model.read_chunk(16);  // the third evicts half of the first two
  for (int head = 0; head < 2; ++head) {
    const std::vector<float> distinctness = expected_distinctness(apart.layers[0], 48, head);
    // Four sinks, the newest 24, and of the others the four most distinct ones.
    std::vector<std::int64_t> expected(20);
    std::iota(expected.begin(), expected.end(), std::int64_t{4});
    std::sort(expected.begin(), expected.end(), [&](std::int64_t a, std::int64_t b) {
      return distinctness[static_cast<std::size_t>(a)] > distinctness[static_cast<std::size_t>(b)];
    });
    expected.resize(4);
    for (std::int64_t token = 0; token < 48; ++token) {
      if (token < 4 || token >= 24) expected.push_back(token);
    }
    std::sort(expected.begin(), expected.end());
    CHECK(positions_of(model, head) == expected);
  }
  CHECK(positions_of(model, 0) != positions_of(model, 1));
}

TEST_CASE("repeated keys are evicted, distinct ones stay, whatever their lengths") {
  const Plan plan = distinct_with_quota(fake_shape(1, 1024, KvType::f32, 1, 8), 64, 16);
  InventedText text(plan);
  REQUIRE(text.model.ok());
  // Token 20 and every twentieth after it are unlike the rest, in three ways.
  std::vector<std::int64_t> distinct;
  for (std::int64_t token = 0; token < 240;) {
    std::vector<std::vector<float>> keys;
    for (int i = 0; i < 16; ++i, ++token) {
      const bool other = token > 0 && token % 20 == 0;
      if (other && token < 180) distinct.push_back(token);
      keys.push_back(other ? one_hot(static_cast<std::size_t>(token / 20 % 7) + 1, token % 40 == 0 ? 0.01f : 50.0f)
                           : one_hot(0, 1 + static_cast<float>(token % 5)));
    }
    text.read(keys);
  }
  const auto kept = positions_of(text.model, 0);
  CHECK(kept.size() == 64);
  for (const std::int64_t token : distinct)
    CHECK_MESSAGE(std::find(kept.begin(), kept.end(), token) != kept.end(), token);
  REQUIRE(distinct.size() == 8);
  // Sinks; the newest three quarters; and in between, of the repeated ones the newest.
  for (std::size_t i = 0; i < 4; ++i) CHECK(kept[i] == static_cast<std::int64_t>(i));
  for (std::size_t i = 0; i < 48; ++i) CHECK(kept[16 + i] == 192 + static_cast<std::int64_t>(i));
}

TEST_CASE("sinks and the newest three quarters of a quota stay, at every step") {
  for (const std::int64_t quota : {16, 32, 80}) {
    CAPTURE(quota);
    const Plan plan = distinct_with_quota(fake_shape(2, 300, KvType::q8_0), quota);
    FakeModel model(plan);
    REQUIRE(model.ok());
    Random random(static_cast<std::uint64_t>(quota));
    const std::int64_t sinks = std::min<std::int64_t>(4, quota / 8);
    while (model.cache().tokens() < 1500) {
      model.read_chunk(random.pick(1, random.pick(0, 1) == 0 ? 1 : plan.chunk));
      REQUIRE(model.cache().bytes_used() <= plan.budget_bytes);
      for (int layer = 0; layer < 2; ++layer) {
        const auto kept = positions_of(model, layer);
        const auto used = static_cast<std::int64_t>(kept.size());
        REQUIRE(used <= quota);
        for (std::int64_t i = 0; i < std::min(sinks, used); ++i) REQUIRE(kept[static_cast<std::size_t>(i)] == i);
        const std::int64_t newest = std::min(quota * 3 / 4, used);
        REQUIRE(kept.back() == model.cache().next_position() - 1);
        REQUIRE(kept.back() - kept[static_cast<std::size_t>(used - newest)] == newest - 1);
      }
    }
    CHECK(model.cache().rebased() > 0);
    CHECK(model.guards_intact());
  }
}

TEST_CASE("anchors and scores are bytes of the budget; where everything fits there are none") {
  const Shape shape = fake_shape(3, 512, KvType::f16, 2, 40);
  const Plan window = plan_of(shape, budget_full()), full = distinct_plan(shape, budget_full());
  CHECK(full.full_bytes == window.full_bytes);
  CHECK(full.budget_bytes == window.budget_bytes);
  CHECK(!full.compares_keys());
  CHECK(full.keep == "distinct");
  const std::int64_t anchors = kv::anchor_bytes(shape, kv::distinct_rule().needs());
  CHECK(anchors == 4 * (3 * 2 * 40) * 4);
  CHECK(kv::anchor_bytes(shape, kv::window_rule().needs()) == 0);
  // A score for each of the 16 entries of 3 layers; in the scratch, for one layer's and a chunk's.
  CHECK(full.min_bytes == window.min_bytes + anchors + 3 * 16 * 4 + (16 + 16) * 4);

  Random random(8);
  for (int round = 0; round < 60; ++round) {
    const std::int64_t bytes = random.pick(full.min_bytes, full.full_bytes - 1);
    const Plan plan = distinct_plan(shape, budget_of(bytes), round % 2 == 0 ? "uniform" : "zigzag");
    REQUIRE(plan.budget_bytes == bytes);
    REQUIRE(plan.compares_keys());
    FakeModel model(plan);
    REQUIRE(model.ok());
    model.read(random.pick(1, 700));
    REQUIRE(model.cache().bytes_peak() <= bytes);
    REQUIRE(model.guards_intact());
  }
  const auto less = test::make_plan(shape, budget_of(full.min_bytes - 1), 0, "uniform", "distinct");
  REQUIRE(!less);
  CHECK(less.error().code == ErrorCode::out_of_memory);
}

TEST_CASE("a context so short that anchors cost more than they could evict") {
  for (const std::int64_t context : {1, 5, 16, 17}) {
    CAPTURE(context);
    const Shape shape = fake_shape(2, context, KvType::f16, 1, 64);
    const Plan window = plan_of(shape, budget_full()), full = distinct_plan(shape, budget_full());
    CHECK(full.full_bytes == window.full_bytes);
    CHECK(full.min_bytes <= full.full_bytes);
    const Plan min = distinct_plan(shape, budget_of(full.min_bytes));
    FakeModel model(min);
    REQUIRE(model.ok());
    model.read(40);
    CHECK(model.cache().bytes_peak() <= min.budget_bytes);
  }
}

TEST_CASE("with room for everything the memory is that of window, bit for bit, and goes back anywhere") {
  const Shape shape = fake_shape(2, 200, KvType::f16);
  FakeModel distinct(distinct_plan(shape, budget_full())), window(plan_of(shape, budget_full()));
  for (FakeModel* model : {&distinct, &window}) {
    model->read(150);
    REQUIRE(model->cache().truncate(77));
    model->read(300);
  }
  REQUIRE(distinct.memory().size() == window.memory().size());
  CHECK(std::equal(distinct.memory().begin(), distinct.memory().end(), window.memory().begin()));
  CHECK(distinct.cache().draft_room() == window.cache().draft_room());
}

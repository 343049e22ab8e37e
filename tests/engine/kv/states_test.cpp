// Layers whose memory has a fixed size: what they cost, and what a checkpoint restores.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "engine/kv/costs.hpp"
#include "engine/kv/heads.hpp"
#include "engine/kv/policies.hpp"
#include "engine/kv/states.hpp"
#include "tests/engine/kv/fake_model.hpp"
#include "tests/support/saved_bytes.hpp"

using namespace brim;
using namespace brim::test;
using kv::LayerId;

namespace {

/// Two layers with entries and two with states of 100 and 1,000 bytes.
kv::Shape with_states(std::int64_t context = 256) {
  kv::Shape shape = fake_shape(2, context);
  shape.heads = {{LayerId{0}, 0}, {LayerId{2}, 0}};
  shape.states = {{LayerId{1}, 100}, {LayerId{3}, 1000}};
  return shape;
}

constexpr std::int64_t kStateBytes = 128 + 1024;

kv::BudgetRequest budget_bytes(std::int64_t bytes) { return {kv::BudgetRequest::Kind::bytes, bytes, 0}; }

/// A memory in which every chunk adds its tokens to each layer's state.
struct Text {
  explicit Text(const kv::Plan& plan) : model(plan) {}

  void read(std::int64_t n) {
    const std::int64_t first = model.cache().tokens();
    const std::int64_t position = model.begin(n);
    advance(n);
    for (int layer = 0; layer < model.layers(); ++layer) {
      model.stage(layer, first, position, n);
      model.commit(layer);
    }
    model.end();
  }
  /// A chunk of n tokens of which only the first is certain; the states take in all of them.
  void draft(std::int64_t n, bool ends = true) {
    const std::int64_t first = model.cache().tokens();
    const std::int64_t position = model.begin_drafts(n);
    advance(n);
    for (int layer = 0; layer < model.layers(); ++layer) {
      model.stage(layer, first, position, n);
      model.commit(layer);
    }
    if (ends) {
      model.end();
    } else {
      model.abandon();
    }
  }
  void advance(std::int64_t n) {
    for (const kv::StateShape& state : model.shape().states) {
      const std::span<std::byte> bytes = model.chunk().state(state.layer);
      for (std::byte& byte : bytes) byte = static_cast<std::byte>(static_cast<std::int64_t>(byte) + n);
    }
  }
  /// The number of tokens that the states have seen.
  std::int64_t seen() {
    model.begin(1);
    const auto value = static_cast<std::int64_t>(model.chunk().state(LayerId{3})[999]);
    model.abandon();
    return value;
  }
  /// Everything that the memory saves.
  std::vector<std::byte> state() {
    StateWriter writer;
    model.cache().save(writer);
    return brim::test::saved_bytes(writer);
  }

  FakeModel model;
};

}  // namespace

TEST_CASE("states are bytes of the budget, and checkpoints are what it has room for") {
  kv::Shape without = with_states();
  without.states.clear();
  const kv::Plan none = plan_of(without, budget_full());
  const kv::Plan full = plan_of(with_states(), budget_full());
  CHECK(full.state_bytes == kStateBytes);
  CHECK(full.checkpoints == 1);
  CHECK(full.full_bytes == none.full_bytes + 2 * kStateBytes);
  CHECK(full.min_bytes == none.min_bytes + kStateBytes);
  CHECK(full.budget_bytes == full.full_bytes);
  CHECK(full.quota == none.quota);

  const kv::Plan min = plan_of(with_states(), budget_bytes(full.min_bytes));
  CHECK(min.checkpoints == 0);
  CHECK(min.budget_bytes == full.min_bytes);
  const kv::Plan one = plan_of(with_states(), budget_bytes(full.min_bytes + kStateBytes));
  CHECK(one.checkpoints == 1);
  const kv::Plan more = plan_of(with_states(), budget_bytes(full.full_bytes + 2 * kStateBytes + 7));
  CHECK(more.checkpoints == 3);
  CHECK(more.quota == full.quota);
  const kv::Plan max = plan_of(with_states(), budget_bytes(std::int64_t{1} << 40));
  CHECK(max.checkpoints == kv::kMaxCheckpoints);
  CHECK(max.budget_bytes == full.full_bytes + (kv::kMaxCheckpoints - 1) * kStateBytes);

  const auto too_small =
      kv::make_plan(with_states(), budget_bytes(full.min_bytes - 1), 0, &kv::uniform_split(), kv::window_rule());
  REQUIRE(!too_small);
  CHECK(too_small.error().sentence.find("in each of its 2 layers with attention") != std::string::npos);
  CHECK(too_small.error().sentence.find("for the states of 2 layers") != std::string::npos);
}

TEST_CASE("as many checkpoints as are asked for, where they fit") {
  kv::Shape without = with_states();
  without.states.clear();
  const kv::Plan none = plan_of(without, budget_full());
  for (const int wanted : {0, 1, 3, 16, 99}) {
    CAPTURE(wanted);
    kv::Shape shape = with_states();
    shape.max_checkpoints = wanted;
    const int most = std::min(wanted, kv::kMaxCheckpoints);
    const kv::Plan full = plan_of(shape, budget_full());
    CHECK(full.checkpoints == most);
    CHECK(full.full_bytes == none.full_bytes + (1 + most) * kStateBytes);
    CHECK(full.min_bytes == none.min_bytes + kStateBytes);
    CHECK(full.quota == none.quota);
    CHECK(plan_of(shape, budget_bytes(full.min_bytes)).checkpoints == 0);
    CHECK(plan_of(shape, budget_bytes(full.min_bytes + 2 * kStateBytes)).checkpoints == std::min(most, 2));
    CHECK(plan_of(shape, budget_bytes(std::int64_t{1} << 40)).budget_bytes == full.full_bytes);
  }
}

TEST_CASE("a copy of the states for drafts is part of every budget") {
  kv::Shape shape = with_states();
  const kv::Plan alone = plan_of(shape, budget_full());
  shape.drafts = true;
  const kv::Plan full = plan_of(shape, budget_full());
  CHECK(full.state_copies() == 3);
  CHECK(full.full_bytes == alone.full_bytes + kStateBytes);
  CHECK(full.min_bytes == alone.min_bytes + kStateBytes);
  CHECK(full.quota == alone.quota);
  const auto refused =
      kv::make_plan(shape, budget_bytes(full.min_bytes - 1), 0, &kv::uniform_split(), kv::window_rule());
  REQUIRE(!refused);
  CHECK(refused.error().sentence.find("as much for speculation") != std::string::npos);
}

TEST_CASE("drafts that are refused leave the states as they were before them") {
  kv::Shape shape = with_states();
  shape.drafts = true;
  Text text(plan_of(shape, budget_full()));
  kv::Memory& memory = text.model.cache();
  text.read(10);
  memory.keep_checkpoint();
  text.read(3);
  REQUIRE(memory.draft_room() >= 4);
  text.draft(4);
  CHECK(memory.tokens() == 14);
  CHECK(memory.drafts_left() == 3);
  CHECK(memory.stale());
  CHECK(memory.draft_room() == 1);
  memory.accept_draft();
  CHECK(memory.tokens() == 15);
  CHECK(memory.stale());
  // Two are refused: back to before all four.
  CHECK(memory.return_point(15) == 13);
  CHECK(!memory.truncate(14));
  REQUIRE(memory.truncate(13));
  CHECK(!memory.stale());
  CHECK(text.model.stats(0).used == 13);
  CHECK(text.seen() == 13);

  // All are accepted: the states are those behind the last one.
  text.draft(3);
  memory.accept_draft();
  memory.accept_draft();
  CHECK(memory.tokens() == 16);
  CHECK(!memory.stale());
  CHECK(text.model.stats(0).used == 16);
  // A chunk of drafts that is given up changes nothing.
  text.draft(2, false);
  CHECK(!memory.stale());
  CHECK(memory.tokens() == 16);
  CHECK(text.seen() == 16);
  // An older checkpoint is still one, and then the copy for drafts is none.
  CHECK(memory.return_point(15) == 10);
  REQUIRE(memory.truncate(10));
  CHECK(text.seen() == 10);
  CHECK(memory.return_point(10) == 10);
  CHECK(memory.checkpoints().size() == 1);
  CHECK(text.model.guards_intact());
}

TEST_CASE("whatever the budget, the parts fit in it and nothing is written outside") {
  const std::int64_t min = plan_of(with_states(), budget_full()).min_bytes;
  for (std::int64_t bytes = min; bytes < 2 * min; bytes += min / 9) {
    CAPTURE(bytes);
    const kv::Plan plan = plan_of(with_states(), budget_bytes(bytes));
    Text text(plan);
    REQUIRE(text.model.ok());
    for (int i = 0; i < 40; ++i) {
      text.read(i % 9 + 1);
      text.model.cache().keep_checkpoint();
      REQUIRE(text.model.cache().bytes_used() <= bytes);
    }
    CHECK(text.model.guards_intact());
  }
}

TEST_CASE("a checkpoint brings back what was, and only a checkpoint does") {
  const kv::Plan plan =
      plan_of(with_states(), budget_bytes(plan_of(with_states(), budget_full()).full_bytes + kStateBytes));
  REQUIRE(plan.checkpoints == 2);
  Text text(plan), shorter(plan);
  kv::Memory& memory = text.model.cache();
  for (Text* each : {&text, &shorter}) {
    each->read(10);
    each->model.cache().keep_checkpoint();
  }
  text.read(5);
  memory.keep_checkpoint();
  text.read(7);
  CHECK(memory.return_point(22) == 22);
  CHECK(memory.return_point(21) == 15);
  CHECK(memory.return_point(14) == 10);
  CHECK(memory.return_point(9) == 0);
  CHECK(!memory.truncate(12));
  CHECK(memory.tokens() == 22);
  REQUIRE(memory.truncate(10));
  CHECK(text.model.stats(0).used == 10);
  text.read(3);
  shorter.read(3);
  for (const kv::StateShape& state : plan.shape.states) {
    text.model.begin(1);
    shorter.model.begin(1);
    const auto gone_back = text.model.chunk().state(state.layer), straight = shorter.model.chunk().state(state.layer);
    CHECK(std::equal(gone_back.begin(), gone_back.end(), straight.begin(), straight.end()));
    text.model.abandon();
    shorter.model.abandon();
    REQUIRE(memory.truncate(10));
    REQUIRE(shorter.model.cache().truncate(10));
    text.read(3);
    shorter.read(3);
  }
  CHECK(memory.return_point(12) == 10);

  // The oldest checkpoint is dropped.
  memory.keep_checkpoint();
  text.read(1);
  memory.keep_checkpoint();
  CHECK(memory.return_point(13) == 13);
  CHECK(memory.return_point(12) == 0);
}

TEST_CASE("a chunk that is given up after a state was changed leaves a memory that can go back") {
  const kv::Plan plan = plan_of(with_states(), budget_full());
  Text text(plan);
  kv::Memory& memory = text.model.cache();
  text.read(10);
  memory.keep_checkpoint();
  text.read(4);
  text.model.begin(2);
  text.model.chunk().state(LayerId{1})[0] = std::byte{99};
  text.model.abandon();
  CHECK(memory.stale());
  CHECK(memory.return_point(14) == 10);
  REQUIRE(memory.truncate(10));
  CHECK(!memory.stale());
  CHECK(memory.tokens() == 10);
  text.model.begin(1);
  CHECK(text.model.chunk().state(LayerId{1})[0] == std::byte{10});
  text.model.abandon();
  CHECK(!memory.stale());  // the checkpoint was at this place
  text.model.begin(1);
  text.model.abandon();
  CHECK(!memory.stale());  // nothing had been changed
}

TEST_CASE("states and checkpoints are saved, and bytes that no memory saved are refused") {
  const kv::Plan plan = plan_of(with_states(), budget_full());
  Text text(plan), other(plan);
  text.read(10);
  text.model.cache().keep_checkpoint();
  text.read(4);
  const std::vector<std::byte> saved = text.state();
  StateReader source("a state", {saved});
  REQUIRE(other.model.cache().restore(source));
  CHECK(other.state() == saved);
  REQUIRE(other.model.cache().truncate(10));
  other.model.begin(1);
  CHECK(other.model.chunk().state(LayerId{3})[999] == std::byte{10});
  other.model.abandon();
  for (std::size_t cut = 0; cut < saved.size(); cut += 8) {
    StateReader shorter("a state", {std::span(saved).first(cut)});
    CHECK(!other.model.cache().restore(shorter));
  }
  kv::Plan without = plan;
  without.checkpoints = 0;
  Text less(without);
  StateReader again("a state", {saved});
  const Status refused = less.model.cache().restore(again);
  REQUIRE(!refused);
  CHECK(refused.error().sentence.find("checkpoints") != std::string::npos);
}

TEST_CASE("a model of states alone") {
  kv::Shape shape;
  shape.context = 256;
  shape.states = {{LayerId{0}, 100}, {LayerId{1}, 1000}};
  const kv::Plan full = plan_of(shape, budget_full());
  CHECK(full.quota.empty());
  CHECK(full.state_bytes == kStateBytes);
  CHECK(full.checkpoints == 1);
  CHECK(full.min_bytes < full.full_bytes);
  CHECK(kv::model_layers(shape) == 2);
  CHECK(kv::streams_of(shape, LayerId{1}).size() == 0);
  CHECK(kv::bytes_per_token(shape) == 0);
  for (const kv::BudgetRequest& request :
       {budget_full(), budget_bytes(full.min_bytes), budget_bytes(full.full_bytes + 3 * kStateBytes)}) {
    // No split has anything to divide: those that need a profile or measurements are not asked.
    for (const kv::Split* split : {static_cast<const kv::Split*>(nullptr), &kv::depth_split(), &kv::zigzag_split()}) {
      const auto plan = kv::make_plan(shape, request, 0, split, kv::window_rule());
      if (!plan) FAIL(plan.error().sentence);
      CHECK(plan->split == "uniform");
      CHECK(plan->budget_bytes <= full.full_bytes + 3 * kStateBytes);
      Text text(*plan);
      for (int i = 0; i < 30; ++i) text.read(16);
      CHECK(text.model.cache().tokens() == 480);
      CHECK(text.model.cache().bytes_used() <= plan->budget_bytes);
    }
  }
  const auto refused = kv::make_plan(shape, budget_bytes(full.min_bytes - 1), 0, nullptr, kv::window_rule());
  REQUIRE(!refused);
  CHECK(refused.error().sentence.find("for the states of its 2 layers") != std::string::npos);
}

// Layers with a sliding window in checkpoints: what their entries cost there, and that going back to a checkpoint, and
// only that, is exact beyond what a window still holds.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "engine/kv/policies.hpp"
#include "tests/engine/kv/fake_model.hpp"
#include "tests/engine/kv/visible.hpp"
#include "tests/support/policies.hpp"
#include "tests/support/saved_bytes.hpp"

namespace brim::test::windows {
namespace {

/// A layer that sees everything and one that sees 20 tokens; a layer with a state of 100 bytes where asked for.
kv::Shape windowed(int checkpoints = kv::kAutomaticCheckpoints, bool with_state = false) {
  kv::Shape shape = fake_shape(2, 256);
  shape.layers[1].window = 20;
  shape.max_checkpoints = checkpoints;
  if (!with_state) return shape;
  shape.heads = {{kv::LayerId{0}, 0}, {kv::LayerId{1}, 0}};
  shape.states = {{kv::LayerId{2}, 100}};
  return shape;
}

constexpr std::int64_t kEntryBytes = 2 * (64 + 64) + 16;  // two heads of 16 floats, position and index
constexpr std::int64_t kWindowBytes = 32 * kEntryBytes;   // 20 entries are two granules
constexpr std::int64_t kSmallestCopy = 16 * kEntryBytes;

/// A chunk of n tokens, which each layer's state counts.
void read_chunk(FakeModel& model, std::int64_t n) {
  const std::int64_t first = model.cache().tokens(), position = model.begin(n);
  for (const kv::StateShape& state : model.shape().states) {
    for (std::byte& byte : model.chunk().state(state.layer)) {
      byte = static_cast<std::byte>(static_cast<std::int64_t>(byte) + n);
    }
  }
  for (int layer = 0; layer < model.layers(); ++layer) {
    model.stage(layer, first, position, n);
    model.commit(layer);
  }
  model.end();
}

std::vector<std::byte> saved(FakeModel& model) {
  StateWriter writer;
  model.cache().save(writer);
  return saved_bytes(writer);
}

/// A text, with the chunks that it was processed in.
struct Text {
  explicit Text(const kv::Plan& plan) : model(plan) {}
  void read(std::int64_t n) {
    read_chunk(model, n);
    ends.push_back(model.cache().tokens());
  }
  /// What a new memory shows that processes these chunks.
  Visible at_once() const {
    FakeModel other(model_plan());
    std::int64_t from = 0;
    for (const std::int64_t end : ends) {
      read_chunk(other, end - from);
      from = end;
    }
    return visible(other);
  }
  void went_back_to(std::int64_t count) {
    while (!ends.empty() && ends.back() > count) ends.pop_back();
    if (count > 0 && (ends.empty() || ends.back() < count)) ends.push_back(count);
  }
  const kv::Plan& model_plan() const { return const_cast<FakeModel&>(model).cache().plan(); }

  FakeModel model;
  std::vector<std::int64_t> ends;
};

}  // namespace

TEST_CASE("entries of layers with a window are bytes of the budget in every checkpoint") {
  const kv::Plan none = plan_of(windowed(0), budget_full()), full = plan_of(windowed(), budget_full());
  CHECK(none.checkpoints == 0);
  CHECK(none.window_bytes == 0);
  CHECK(full.checkpoints == 1);
  CHECK(full.window_bytes == kWindowBytes);
  CHECK(full.full_bytes == none.full_bytes + kWindowBytes);
  CHECK(full.min_bytes == none.min_bytes);
  CHECK(full.quota == none.quota);
  CHECK(full.chunk == none.chunk);
  const kv::Plan three = plan_of(windowed(), budget_of(full.full_bytes + 2 * kWindowBytes + 7));
  CHECK(three.checkpoints == 3);
  CHECK(three.quota == full.quota);
  CHECK(three.chunk == full.chunk);
  const kv::Plan most = plan_of(windowed(), budget_of(std::int64_t{1} << 40));
  CHECK(most.checkpoints == kv::kMaxCheckpoints);
  CHECK(most.budget_bytes == full.full_bytes + (kv::kMaxCheckpoints - 1) * kWindowBytes);
  // Below full: one where a quarter of the budget holds it; a number that is asked for wherever its floors fit.
  CHECK(plan_of(windowed(), budget_of(4 * kWindowBytes)).checkpoints == 1);
  CHECK(plan_of(windowed(), budget_of(4 * kWindowBytes - 1)).checkpoints == 0);
  CHECK(plan_of(windowed(2), budget_of(full.min_bytes + 2 * kSmallestCopy)).checkpoints == 2);
  CHECK(plan_of(windowed(2), budget_of(full.min_bytes + 2 * kSmallestCopy - 1)).checkpoints == 1);
  CHECK(plan_of(windowed(2), budget_of(full.min_bytes)).checkpoints == 0);
  // With states there is one wherever it fits.
  const kv::Plan both = plan_of(windowed(-1, true), budget_full());
  CHECK(plan_of(windowed(-1, true), budget_of(both.min_bytes + kSmallestCopy + 128)).checkpoints == 1);
  CHECK(plan_of(windowed(-1, true), budget_of(both.min_bytes + kSmallestCopy + 127)).checkpoints == 0);
  // Where quotas move, checkpoints are of no use to windows, and cost nothing.
  const auto moving = kv::make_plan(windowed(), budget_full(), 0, &kv::zigzag_split(), kv::window_rule());
  REQUIRE(moving);
  CHECK(moving->checkpoints == 0);
  CHECK(moving->full_bytes == none.full_bytes);
  // Nor where attention decides what is evicted: nothing is cut back then.
  const auto under_attention = [](const kv::BudgetRequest& budget) {
    auto plan = kv::make_plan(windowed(), budget, 0, &kv::uniform_split(), *rule_named("snapkv"));
    if (!plan) FAIL(plan.error().sentence);
    return *plan;
  };
  const kv::Plan decided = under_attention(budget_of(5 * kWindowBytes));
  CHECK(decided.attention_decides());
  CHECK(decided.checkpoints == 0);
  CHECK(decided.window_bytes == 0);
  CHECK(under_attention(budget_full()).checkpoints == 1);
}

TEST_CASE("beyond a window, going back is to a checkpoint, and exact") {
  for (const bool with_state : {false, true}) {
    CAPTURE(with_state);
    const kv::Plan plan = plan_of(windowed(2, with_state), budget_full());
    REQUIRE(plan.checkpoints == 2);
    Text text(plan);
    kv::Memory& memory = text.model.cache();
    for (const std::int64_t n : {16, 14}) text.read(n);
    memory.keep_checkpoint();  // 30
    for (const std::int64_t n : {16, 14}) text.read(n);
    memory.keep_checkpoint();  // 60
    for (int i = 0; i < 50; ++i) text.read(1);
    CHECK(memory.return_point(109) == (with_state ? 60 : 109));
    CHECK(memory.return_point(108) == 60);
    CHECK(memory.return_point(60) == 60);
    CHECK(memory.return_point(59) == 30);
    CHECK(memory.return_point(29) == 0);
    CHECK(!memory.truncate(108));
    CHECK(memory.tokens() == 110);
    for (const std::int64_t place : {60, 30}) {
      REQUIRE(memory.truncate(place));
      text.went_back_to(place);
      CHECK(visible(text.model) == text.at_once());
      CHECK(memory.return_point(place) == place);
      for (int i = 0; i < 25; ++i) text.read(1);
      CHECK(visible(text.model) == text.at_once());
    }
    CHECK(memory.checkpoints().size() == 1);
    // The oldest one makes room.
    memory.keep_checkpoint();  // 55
    text.read(16);
    memory.keep_checkpoint();  // 71
    for (int i = 0; i < 30; ++i) text.read(1);
    CHECK(memory.return_point(70) == 55);
    CHECK(memory.return_point(54) == 0);
    CHECK(text.model.guards_intact());
    CHECK(memory.bytes_peak() <= plan.budget_bytes);
  }
}

TEST_CASE("a chunk that is abandoned after a window slid is taken back where a checkpoint is") {
  Text text(plan_of(windowed(1), budget_full()));
  kv::Memory& memory = text.model.cache();
  const auto abandon = [&] {
    const std::int64_t first = memory.tokens(), position = text.model.begin(16);
    for (int layer = 0; layer < 2; ++layer) {
      text.model.stage(layer, first, position, 16);
      text.model.commit(layer);
    }
    text.model.abandon();
  };
  for (const std::int64_t n : {16, 14}) text.read(n);
  memory.keep_checkpoint();
  abandon();
  CHECK(!memory.stale());
  CHECK(visible(text.model) == text.at_once());
  text.read(5);
  abandon();
  CHECK(memory.stale());
  CHECK(memory.return_point(35) == 30);
  REQUIRE(memory.truncate(30));
  CHECK(!memory.stale());
  text.went_back_to(30);
  CHECK(visible(text.model) == text.at_once());
}

TEST_CASE(
    "at random: whatever is gone back to is what a new memory shows, and no further than to the last checkpoint") {
  Random random(2026);
  int restored = 0;
  for (int round = 0; round < 150; ++round) {
    kv::Shape shape = fake_shape(2, random.pick(40, 160), kernels::KvType::f16, 1, 8);
    shape.layers[static_cast<std::size_t>(random.pick(0, 1))].window = random.pick(1, 30);
    shape.max_checkpoints = static_cast<int>(random.pick(-1, 4));
    if (random.pick(0, 1) == 0) {
      shape.heads = {{kv::LayerId{0}, 0}, {kv::LayerId{1}, 0}};
      shape.states = {{kv::LayerId{2}, 24}};
    }
    const kv::Plan full = plan_of(shape, budget_full());
    const bool whole = random.pick(0, 3) > 0;
    const kv::Plan plan =
        plan_of(shape, budget_of(whole ? full.full_bytes : random.pick(full.min_bytes, full.full_bytes)));
    Text text(plan);
    REQUIRE(text.model.ok());
    kv::Memory& memory = text.model.cache();
    for (int step = 0; step < 30; ++step) {
      text.read(random.pick(1, random.pick(0, 1) == 0 ? plan.chunk : 3));
      REQUIRE(memory.bytes_used() <= plan.budget_bytes);
      if (random.pick(0, 3) == 0) memory.keep_checkpoint();
      if (random.pick(0, 5) > 0) continue;
      const std::int64_t tokens = memory.tokens(), wanted = random.pick(0, tokens - 1);
      const std::int64_t place = memory.return_point(wanted);
      CHECK(place <= wanted);
      const auto newest = memory.checkpoints().newest(wanted);
      if (whole && newest && memory.rebased() == 0) CHECK(place >= *newest);
      restored += newest == place && place > 0;
      REQUIRE(memory.truncate(place));
      text.went_back_to(place);
      REQUIRE(visible(text.model) == text.at_once());
    }
    CHECK(text.model.guards_intact());
  }
  CHECK(restored > 50);
}

TEST_CASE("windows in checkpoints are saved, and bytes that no memory saved are refused or do no harm") {
  for (const bool with_state : {false, true}) {
    CAPTURE(with_state);
    const kv::Plan plan = plan_of(windowed(2, with_state), budget_full());
    Text text(plan), other(plan);
    for (const std::int64_t n : {16, 14}) text.read(n);
    text.model.cache().keep_checkpoint();
    for (int i = 0; i < 40; ++i) text.read(1);
    const std::vector<std::byte> bytes = saved(text.model);
    StateReader source("a state", {bytes});
    REQUIRE(other.model.cache().restore(source));
    CHECK(saved(other.model) == bytes);
    for (Text* each : {&text, &other}) REQUIRE(each->model.cache().truncate(30));
    CHECK(visible(other.model) == visible(text.model));
    for (std::size_t cut = 0; cut < bytes.size(); cut += 8) {
      StateReader shorter("a state", {std::span(bytes).first(cut)});
      REQUIRE(!other.model.cache().restore(shorter));
    }
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
      std::vector<std::byte> wrong = bytes;
      std::memset(wrong.data() + at, 0xff, 8);
      StateReader altered("a state", {wrong});
      kv::Memory& memory = other.model.cache();
      if (!memory.restore(altered)) continue;
      (void)memory.truncate(memory.return_point(40));
      read_chunk(other.model, 3);
      REQUIRE(other.model.guards_intact());
    }
    // Nor are those of a memory with other room.
    kv::Plan without = plan;
    without.checkpoints = 0;
    Text less(without);
    StateReader again("a state", {bytes});
    const Status refused = less.model.cache().restore(again);
    REQUIRE(!refused);
    CHECK(refused.error().sentence.find("checkpoints") != std::string::npos);
  }
}

}  // namespace brim::test::windows

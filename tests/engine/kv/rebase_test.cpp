// Rebasing: what happens to positions and keys when the context is used up.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "engine/base/state.hpp"
#include "engine/kv/rebase.hpp"
#include "tests/engine/kv/fake_model.hpp"
#include "tests/support/policies.hpp"
#include "tests/support/saved_bytes.hpp"

using namespace brim::test;
using brim::kernels::KvType;
using brim::kv::Plan;
using brim::kv::Shape;
using brim::kv::View;

namespace {

float worst_difference(const std::vector<float>& a, const std::vector<float>& b) {
  float worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
  return worst;
}

/// Keeps every third token longest, so that kept entries have gaps between them.
class ScatteredRule : public brim::kv::Rule {
 public:
  std::string_view name() const override { return "scattered"; }
  void score(const brim::kv::Entries& entries, std::span<float> scores) const noexcept override {
    for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = entries.index[i] % 3 == 0 ? 1.0f : 0.0f;
  }
};

/// The token that this value belongs to; the value's first number identifies it.
std::int64_t token_of(const std::vector<float>& value, int layer, int head, std::int64_t tokens) {
  for (std::int64_t token = 0; token < tokens; ++token) {
    if (fake_vector(layer, head, token, static_cast<int>(value.size()), true) == value) return token;
  }
  return -1;
}

}  // namespace

TEST_CASE("keys are rotated to where they now stand: the same as keys computed there, in both signs of the distance") {
  for (const KvType type : {KvType::f32, KvType::f16, KvType::q8_0, KvType::q5_0, KvType::q4_0}) {
    const Shape shape = fake_shape(2, 128, {type, KvType::q8_0}, 2, 32);
    FakeModel model(plan_of(shape, budget_full()));
    model.read(128);
    model.read_chunk(1);
    REQUIRE(model.cache().rebased() == 1);
    const View view = model.cache().view(stream(1));
    // 16 of 128 were evicted after the four sinks: entry i ≥ 4 was token i + 16.
    REQUIRE(view.retained() == 113);
    for (std::int64_t i = 0; i < 112; ++i) {
      const std::int64_t token = i < 4 ? i : i + 16;
      REQUIRE(view.positions()[static_cast<std::size_t>(i)] == i);
      for (int head = 0; head < 2; ++head) {
        const auto expected = fake_key(model.rotation(), shape.layers[1], 1, head, token, i);
        const SeenEntry seen = see_entry(view, shape, 1, head, i);
        CHECK(worst_difference(seen.key, expected) < (type == KvType::f32    ? 1e-6f
                                                      : type == KvType::f16  ? 1.5e-3f
                                                      : type == KvType::q8_0 ? 0.02f
                                                      : type == KvType::q5_0 ? 0.2f
                                                                             : 0.4f));
        CHECK(seen.value == through_storage(KvType::q8_0, fake_vector(1, head, token, 32, true)));
      }
    }
  }
}

TEST_CASE("sinks keep their positions and their very bits through a hundred rebases") {
  const Shape shape = fake_shape(2, 64, KvType::q8_0, 1, 32);
  FakeModel model(plan_of(shape, budget_full()));
  while (model.cache().rebased() < 100) model.read_chunk(1);
  const View view = model.cache().view(stream(0));
  for (std::int64_t i = 0; i < 4; ++i) {
    CHECK(view.positions()[static_cast<std::size_t>(i)] == i);
    CHECK(see_entry(view, shape, 0, 0, i).key ==
          through_storage(KvType::q8_0, fake_key(model.rotation(), shape.layers[0], 0, 0, i, i)));
  }
  // The others are recent tokens: rotated at most eight times before they are evicted, and still close.
  const std::int64_t tokens = model.cache().tokens();
  for (std::int64_t i = 4; i < view.retained(); ++i) {
    const std::int64_t token = tokens - view.retained() + i;
    const auto expected =
        fake_key(model.rotation(), shape.layers[0], 0, 0, token, view.positions()[static_cast<std::size_t>(i)]);
    CHECK(worst_difference(see_entry(view, shape, 0, 0, i).key, expected) < 0.06f);
  }
}

TEST_CASE("an evicted cache closes its gaps instead of dropping: room comes from the holes") {
  const Plan plan = plan_with_quota(fake_shape(2, 512), 64);
  REQUIRE(!plan.quota.empty());
  FakeModel model(plan);
  for (int i = 0; i < 512; ++i) model.read_chunk(1);
  const std::int64_t kept = model.cache().stats(stream(0)).used;
  const std::int64_t evicted = model.cache().evicted();
  const std::int64_t position = model.begin(1);
  CHECK(position == kept);
  CHECK(model.cache().evicted() == evicted);
  for (std::int64_t i = 0; i < kept; ++i)
    CHECK(model.cache().view(stream(0)).positions()[static_cast<std::size_t>(i)] == i);
  model.abandon();
  CHECK(!model.cache().stale());
  CHECK(model.cache().tokens() == 512);
}

TEST_CASE("survivors that stood apart stand together afterwards, each rotated by its own distance") {
  const Shape shape = fake_shape(2, 128, KvType::f32, 2, 16);
  const ScatteredRule rule;
  Plan plan = plan_with_quota(shape, 64);
  REQUIRE(!plan.quota.empty());
  plan.rule = &rule;
  FakeModel model(plan);
  for (int i = 0; i < 128; ++i) model.read_chunk(1);
  const auto before = model.cache().view(stream(1)).positions();
  CHECK(before[5] - before[4] > 1);
  CHECK(model.cache().rebased() == 0);
  model.begin(1);
  REQUIRE(model.cache().rebased() == 1);
  const View view = model.cache().view(stream(1));
  for (std::int64_t i = 0; i < view.retained(); ++i) {
    REQUIRE(view.positions()[static_cast<std::size_t>(i)] == i);
    for (int head = 0; head < 2; ++head) {
      const SeenEntry seen = see_entry(view, shape, 1, head, i);
      const std::int64_t token = token_of(seen.value, 1, head, 128);
      REQUIRE(token >= i);
      CHECK(worst_difference(seen.key, fake_key(model.rotation(), shape.layers[1], 1, head, token, i)) < 1e-5f);
    }
  }
}

TEST_CASE("layers without rope are never rotated, though their positions move") {
  Shape shape = fake_shape(2, 64, KvType::q8_0, 1, 32);
  shape.layers[1].rope = false;
  FakeModel model(plan_of(shape, budget_full()));
  for (int i = 0; i < 300; ++i) model.read_chunk(1);
  REQUIRE(model.cache().rebased() > 10);
  const View view = model.cache().view(stream(1));
  for (std::int64_t i = 4; i < view.retained(); ++i) {
    CHECK(view.positions()[static_cast<std::size_t>(i)] == i);
    const std::int64_t token = 300 - view.retained() + i;
    CHECK(see_entry(view, shape, 1, 0, i).key == through_storage(KvType::q8_0, fake_vector(1, 0, token, 32, false)));
  }
}

TEST_CASE("layers that keep different amounts end at the same position; a window layer keeps its distances") {
  Shape shape = fake_shape(3, 96, KvType::f32, 1, 16);
  shape.layers[1].window = 24;
  shape.layers[2] = {5, 64, 64, 0, true};
  const Plan full = plan_of(shape, budget_full());
  for (const double share : {0.4, 0.7, 1.0}) {
    const auto bytes = static_cast<std::int64_t>(static_cast<double>(full.full_bytes) * share);
    const Plan plan = plan_of(shape, budget_of(std::max(bytes, full.min_bytes)));
    FakeModel model(plan);
    Random random(4);
    while (model.cache().rebased() < 20) {
      const std::int64_t before = model.cache().rebased();
      const std::int64_t n = random.pick(1, plan.chunk);
      const std::int64_t position = model.begin(n);
      if (model.cache().rebased() > before) {
        std::int64_t fullest = 0;
        for (int layer = 0; layer < 3; ++layer) {
          const auto positions = model.cache().view(stream(layer)).positions();
          fullest = std::max(fullest, static_cast<std::int64_t>(positions.size()));
          CHECK(positions.back() == position - 1);
        }
        CHECK(position == fullest);
        CHECK(position + n <= 96);
        CHECK(96 - position >= 96 / 8);
        const auto window = model.cache().view(stream(1)).positions();
        for (std::size_t i = 1; i < window.size(); ++i) CHECK(window[i] == window[i - 1] + 1);
      }
      for (int layer = 0; layer < 3; ++layer) {
        model.stage(layer, model.cache().tokens(), position, n);
        model.commit(layer);
      }
      model.end();
    }
  }
}

TEST_CASE("the smallest contexts: every position is used, none passed") {
  for (std::int64_t context = 1; context <= 20; ++context) {
    for (const std::int64_t window : {0, 1, 3}) {
      const Shape shape = fake_shape(2, context, KvType::f32, 1, 8, window);
      FakeModel model(plan_of(shape, budget_full()));
      REQUIRE(model.ok());
      for (int i = 0; i < 100; ++i) {
        const std::int64_t position = model.begin(1);
        REQUIRE(position < context);
        for (int layer = 0; layer < 2; ++layer) {
          model.stage(layer, model.cache().tokens(), position, 1);
          REQUIRE(model.cache().view(stream(layer)).positions().back() == position);
          model.commit(layer);
        }
        model.end();
        if (i + 1 == context) CHECK(model.cache().rebased() == 0);
      }
      CHECK(model.cache().tokens() == 100);
      CHECK(model.guards_intact());
    }
  }
}

TEST_CASE("a model in which no key carries a position needs no rotation") {
  Shape shape = fake_shape(1, 32);
  const Plan plan = plan_of(shape, budget_full());
  alignas(64) static std::byte bytes[1 << 15];
  REQUIRE(static_cast<std::size_t>(plan.budget_bytes) <= sizeof bytes);
  const auto memory = brim::kv::Memory::create(plan, {bytes, static_cast<std::size_t>(plan.budget_bytes)},
                                               brim::kernels::active(), nullptr);
  REQUIRE(memory.ok());
  const std::vector<float> values(2 * 16, 1.0f);
  for (int i = 0; i < 100; ++i) {
    brim::kv::Chunk chunk = (*memory)->begin(1);
    chunk.stage(stream(0), side_by_side(shape.layers[0], values.data(), values.data()));
    chunk.commit(stream(0));
    chunk.end();
  }
  CHECK((*memory)->rebased() > 0);
  CHECK(see_entry((*memory)->view(stream(0)), shape, 0, 0, 10).key == std::vector<float>(16, 1.0f));
}

// Defect: with a quota that had grown, entries from the middle of the text counted as sinks, kept their positions and
// were placed before entries with smaller positions.
TEST_CASE("only the first tokens of all keep their positions as sinks") {
  const brim::kv::StreamShape shape{1, 4, 4, 0, true, KvType::f32};
  alignas(64) std::array<std::byte, 8192> memory{};
  brim::kv::MemoryMap map(memory);
  brim::kv::Stream own(stream(0), brim::kv::LayerId{0}, shape, 400, map.layer(shape, {}, 32));
  own.set_quota(32, 400);
  REQUIRE(own.forced.sinks == 4);
  const brim::kv::StreamStore& store = own.store;
  own.store.resume(0, 8, 0);
  std::int64_t next = 300;
  for (std::size_t i = 0; i < 8; ++i) store.positions()[i] = i < 2 ? static_cast<std::int64_t>(i) : next++;
  brim::kv::rebase(own, 40, {brim::kernels::active(), nullptr, nullptr});
  const auto positions = store.positions();
  CHECK(std::vector<std::int64_t>(positions.begin(), positions.end()) ==
        std::vector<std::int64_t>{0, 1, 34, 35, 36, 37, 38, 39});
}

namespace {

/// Processes tokens one by one until positions were rebased ten times; returns how often the token that moved most often
/// was moved.
int max_moves(const Plan& plan) {
  struct Place {
    std::int64_t position;
    int moves = 0;
  };
  FakeModel model(plan);
  std::vector<Place> places;
  int max = 0;
  while (model.cache().rebased() < 10) {
    const std::int64_t before = model.cache().rebased();
    model.read_chunk(1);
    const View view = model.cache().view(stream(0));
    places.push_back({view.positions().back()});
    for (std::int64_t i = 4; model.cache().rebased() > before && i < view.retained(); ++i) {
      const SeenEntry seen = see_entry(view, plan.shape, 0, 0, i);
      const std::int64_t token = token_of(seen.value, 0, 0, model.cache().tokens());
      REQUIRE(token >= 0);
      const std::int64_t position = view.positions()[static_cast<std::size_t>(i)];
      Place& place = places[static_cast<std::size_t>(token)];
      place.moves += place.position != position ? 1 : 0;
      place.position = position;
      max = std::max(max, place.moves);
      const auto expected = fake_key(model.rotation(), plan.shape.layers[0], 0, 0, token, position);
      CHECK(worst_difference(seen.key, expected) < 0.6f);
    }
  }
  return max;
}

}  // namespace

TEST_CASE("a key below 8 bits is packed again four times at most: its entry is evicted instead of a fifth time") {
  // Everything behind the sinks moves in every rebase, and an eighth of the context is evicted: seven rebases at most.
  const auto full = [](KvType type) { return plan_of(fake_shape(1, 64, {type, KvType::f32}, 1, 32), budget_full()); };
  CHECK(max_moves(full(KvType::f32)) == 7);
  CHECK(max_moves(full(KvType::q8_0)) == 7);
  CHECK(max_moves(full(KvType::q4_0)) == 4);
}

TEST_CASE("the newest entry is kept, however often positions are rebased before the next token") {
  const Plan plan = plan_of(fake_shape(8, 64, {KvType::q4_0, KvType::f32}, 1, 32), budget_full());
  REQUIRE(plan.chunk >= 13);
  FakeModel model(plan);
  model.read(64);
  // Each of these chunks needs more room than the one before, and none is taken in.
  for (const std::int64_t count : {1, 9, 10, 11, 12, 13}) {
    model.begin(count);
    model.abandon();
  }
  CHECK(model.cache().rebased() == 6);
  REQUIRE_FALSE(model.cache().stale());
  const View view = model.cache().view(stream(0));
  CHECK(view.positions().back() == model.cache().next_position() - 1);
  CHECK(token_of(see_entry(view, plan.shape, 0, 0, view.retained() - 1).value, 0, 0, 64) == 63);

  brim::StateWriter saved;
  model.cache().save(saved);
  const std::vector<std::byte> bytes = brim::test::saved_bytes(saved);
  brim::StateReader state("a state", {bytes});
  FakeModel other(plan);
  CHECK(other.cache().restore(state).ok());
}

TEST_CASE("a key that does not move keeps its bits, and so its count") {
  // The oldest tokens are kept: after the first rebase they stand where they stay.
  const brim::test::OldestRule rule;
  Plan plan = plan_with_quota(fake_shape(1, 128, {KvType::q4_0, KvType::f32}, 1, 32), 64);
  REQUIRE(!plan.quota.empty());
  plan.rule = &rule;
  FakeModel model(plan);
  while (model.cache().rebased() < 20) model.read_chunk(1);
  const View view = model.cache().view(stream(0));
  for (std::int64_t i = 0; i < 40; ++i) {
    CHECK(view.positions()[static_cast<std::size_t>(i)] == i);
    CHECK(see_entry(view, plan.shape, 0, 0, i).key ==
          through_storage(KvType::q4_0, fake_key(model.rotation(), plan.shape.layers[0], 0, 0, i, i)));
  }
}

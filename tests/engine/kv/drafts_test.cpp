// Chunks of drafts: whatever is drafted, accepted and dropped, the cache equals the one that results from processing
// the accepted tokens one by one, and each draft sees what it would see alone.
#include <doctest/doctest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "tests/engine/kv/distinct_plans.hpp"

using namespace brim::test;
using brim::kernels::KvType;
using brim::kv::Plan;
using brim::kv::Shape;
using brim::kv::View;

namespace {

/// Everything in a cache that affects later computation, by layer.
struct State {
  std::vector<std::vector<std::int64_t>> positions;
  std::vector<std::vector<float>> keys, values;
  std::vector<std::int64_t> evicted;
  std::int64_t tokens = 0, next = 0, rebased = 0, bytes = 0;
  bool operator==(const State&) const = default;
};

State state_of(FakeModel& model) {
  State state;
  state.tokens = model.cache().tokens();
  state.next = model.cache().next_position();
  state.rebased = model.cache().rebased();
  state.bytes = model.cache().bytes_used();
  for (int layer = 0; layer < model.layers(); ++layer) {
    const View view = model.cache().view(stream(layer));
    state.positions.emplace_back(view.positions().begin(), view.positions().end());
    state.evicted.push_back(model.cache().stats(stream(layer)).evicted);
    for (std::int64_t i = 0; i < view.retained(); ++i) {
      for (int head = 0; head < model.shape().layers[static_cast<std::size_t>(layer)].kv_heads; ++head) {
        const SeenEntry entry = see_entry(view, model.shape(), layer, head, i);
        state.keys.push_back(entry.key);
        state.values.push_back(entry.value);
      }
    }
  }
  return state;
}

/// What the token at entry `own` of a view sees: the bits of its entries, windows applied.
std::vector<float> seen_by(FakeModel& model, int layer, std::int64_t own) {
  const View view = model.cache().view(stream(layer));
  const brim::kv::StreamShape& shape = model.shape().layers[static_cast<std::size_t>(layer)];
  std::vector<float> seen;
  for (std::int64_t i = 0; i <= own; ++i) {
    const std::int64_t behind =
        view.positions()[static_cast<std::size_t>(own)] - view.positions()[static_cast<std::size_t>(i)];
    if (shape.window > 0 && behind >= shape.window) continue;
    for (int head = 0; head < shape.kv_heads; ++head) {
      const SeenEntry entry = see_entry(view, model.shape(), layer, head, i);
      seen.insert(seen.end(), entry.key.begin(), entry.key.end());
      seen.insert(seen.end(), entry.value.begin(), entry.value.end());
    }
  }
  return seen;
}

/// The input from which attention computes a token's weighted sum.
struct Sight {
  std::vector<float> entries;
  std::int64_t place = 0;  ///< of its own entry, counted from the oldest entry's position: where spans of the sum begin
  bool operator==(const Sight&) const = default;
};

Sight sight_of(FakeModel& model, int layer, std::int64_t own) {
  return {seen_by(model, layer, own), own + model.cache().view(stream(layer)).positions().front()};
}

/// Keeps every third token, and then the newest: leaves gaps wherever possible.
class GapRule : public brim::kv::Rule {
 public:
  std::string_view name() const override { return "gaps"; }
  void score(const brim::kv::Entries& entries, std::span<float> scores) const noexcept override {
    for (std::size_t i = 0; i < scores.size(); ++i) {
      scores[i] = static_cast<float>(entries.index[i] + (entries.index[i] % 3 == 0 ? 1000 : 0));
    }
  }
};

/// Processes a chunk of n drafts up to `until` (all layers by default); returns what each token sees in each layer:
/// seen[token][layer].
std::vector<std::vector<Sight>> read_drafts(FakeModel& model, std::int64_t n, int until = 1000) {
  std::vector<std::vector<Sight>> seen(static_cast<std::size_t>(n));
  const std::int64_t first = model.cache().tokens();
  const std::int64_t position = model.begin_drafts(n);
  for (int layer = 0; layer < std::min(until, model.layers()); ++layer) {
    model.stage(layer, first, position, n);
    const std::int64_t retained = model.cache().view(stream(layer)).retained();
    REQUIRE(model.cache().view(stream(layer)).staged() == n);
    for (std::int64_t t = 0; t < n; ++t) {
      seen[static_cast<std::size_t>(t)].push_back(sight_of(model, layer, retained + t));
    }
    model.commit(layer);
  }
  if (until >= model.layers()) {
    model.end();
  } else {
    model.abandon();
  }
  return seen;
}

Shape mixed_shape(brim::kernels::KvTypes types) {
  Shape shape;
  shape.context = 160;
  shape.layers = {{2, 16, 16, 0, true}, {1, 48, 32, 40, true}, {2, 16, 16, 17, true}, {1, 32, 48, 0, false}};
  shape.store_as(types);
  return shape;
}

}  // namespace

TEST_CASE("accepted drafts leave what reading them one by one leaves, and see what they would see alone") {
  std::int64_t drafted = 0, evicted = 0, rebased = 0;
  const GapRule gaps;
  const brim::kv::Rule &window = brim::kv::window_rule(), &distinct = brim::kv::distinct_rule(),
                       &learned = brim::kv::learned_rule();
  using Types = brim::kernels::KvTypes;
  struct Case {
    Types types;
    const brim::kv::Rule& rule;
  };
  for (const Case& one : {Case{Types(KvType::f32), window}, Case{Types(KvType::f16), window},
                          Case{Types(KvType::q8_0, KvType::q4_0), window}, Case{Types(KvType::f16), gaps},
                          Case{Types(KvType::f16), distinct}, Case{Types(KvType::q4_0), distinct},
                          Case{Types(KvType::f16), learned}, Case{Types(KvType::q4_0), learned}}) {
    CAPTURE(one.rule.name());
    for (const double percent : {100.0, 80.0, 55.0, 40.0, 30.0}) {
      Shape shape = mixed_shape(one.types);
      shape.layers[0].scored = shape.layers[3].scored = true;  // others are compared, where the rule is learned
      const auto found = brim::kv::make_plan(shape, budget_share(percent), 0, &brim::kv::uniform_split(), one.rule);
      if (!found) {  // anchors take room too
        REQUIRE((&one.rule == &distinct || &one.rule == &learned));
        REQUIRE(percent == 30);
        continue;
      }
      const Plan& plan = *found;
      FakeModel speculating(plan), plain(plan);
      Random random(static_cast<std::uint64_t>(percent));
      speculating.read(9);
      plain.read(9);
      while (plain.cache().tokens() < 420) {
        const std::int64_t room = speculating.cache().draft_room();
        REQUIRE(room >= 1);
        REQUIRE(room <= plan.chunk);
        const std::int64_t n = random.pick(1, room);
        const std::int64_t accepted = random.pick(1, n);
        const auto seen = read_drafts(speculating, n);
        CHECK(speculating.cache().drafts_left() == std::max<std::int64_t>(n - 1, 0));
        for (std::int64_t t = 0; t < accepted; ++t) {
          if (t > 0) speculating.cache().accept_draft();
          plain.read_chunk(1, [&](int layer) {
            const std::int64_t own = plain.cache().view(stream(layer)).retained();
            REQUIRE(sight_of(plain, layer, own) == seen[static_cast<std::size_t>(t)][static_cast<std::size_t>(layer)]);
          });
          REQUIRE(state_of(speculating) == state_of(plain));
        }
        drafted += n - 1;
      }
      CHECK(speculating.cache().bytes_peak() <= plan.budget_bytes);
      CHECK(speculating.guards_intact());
      // Anchors too, with what is kept of them.
      CHECK(saved(speculating.cache()) == saved(plain.cache()));
      evicted += speculating.cache().evicted();
      rebased += speculating.cache().rebased();
    }
  }
  CHECK(drafted > 1000);
  CHECK(evicted > 1000);
  CHECK(rebased > 0);
}

TEST_CASE("a chunk of drafts that is given up leaves nothing behind, in a full cache too") {
  const Plan plan = plan_of(mixed_shape(KvType::f16), budget_share(40));
  FakeModel model(plan), plain(plan);
  model.read(140);
  plain.read(140);
  for (int until = 0; until < 4; ++until) {
    while (model.cache().draft_room() < 2) {
      model.read_chunk(1);
      plain.read_chunk(1);
    }
    read_drafts(model, model.cache().draft_room(), until);
    CHECK(!model.cache().stale());
    CHECK(model.cache().drafts_left() == 0);
    CHECK(state_of(model) == state_of(plain));
    model.read_chunk(1);
    plain.read_chunk(1);
    CHECK(state_of(model) == state_of(plain));
  }
}

TEST_CASE("drafts are dropped by what comes in between") {
  const Plan plan = plan_of(mixed_shape(KvType::f32), budget_full());
  FakeModel model(plan);
  model.read(10);
  const auto begin = [&] {
    read_drafts(model, 3);
    REQUIRE(model.cache().drafts_left() == 2);
  };
  const auto nothing_left = [&] {
    const State before = state_of(model);
    CHECK(model.cache().drafts_left() == 0);
    model.cache().accept_draft();
    CHECK(state_of(model) == before);
  };
  begin();
  model.read_chunk(1);
  nothing_left();
  begin();
  REQUIRE(model.cache().truncate(5));
  nothing_left();
  begin();
  model.cache().clear();
  nothing_left();
}

TEST_CASE("where accumulated attention decides about evictions nothing is drafted") {
  Plan plan = plan_of(fake_shape(2, 200), budget_full());
  CHECK(FakeModel(plan).cache().draft_room() > 1);
  class AttentionRule : public brim::kv::Rule {
   public:
    std::string_view name() const override { return "accumulated attention"; }
    brim::kv::Needs needs() const override { return {true}; }
    void score(const brim::kv::Entries&, std::span<float> scores) const noexcept override {
      std::fill(scores.begin(), scores.end(), 0.0f);
    }
  } rule;
  plan.rule = &rule;
  plan.needs = rule.needs();
  plan.budget_bytes += 1 << 16;
  plan.full_bytes = plan.budget_bytes;
  CHECK(FakeModel(plan).cache().draft_room() > 1);
  plan.full_bytes = plan.budget_bytes + 1;
  CHECK(FakeModel(plan).cache().draft_room() == 1);
}

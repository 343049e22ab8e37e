// Streams that later layers attend to (held): a chunk's entries are visible until it ends, and what is kept is the same
// as without that. And streams whose values are the first part of their keys.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/kv/layout.hpp"
#include "tests/engine/kv/fake_model.hpp"
#include "tests/support/saved_bytes.hpp"

namespace brim::test::held {
namespace {

/// A layer that sees everything, one with a window and another one that sees everything; the last two may be held.
kv::Shape three_layers(bool held, kernels::KvType type = kernels::KvType::f32) {
  kv::Shape shape = fake_shape(3, 256, type);
  shape.layers[1].window = 20;
  shape.layers[1].held = shape.layers[2].held = held;
  return shape;
}

kv::Plan with_quotas(const kv::Shape& shape, std::int64_t quota, const kv::Rule& rule = kv::window_rule()) {
  const std::vector<std::int64_t> quotas(shape.layers.size(), quota);
  const auto plan = kv::plan_of_quotas(shape, quotas, 16, rule);
  REQUIRE(plan);
  return *plan;
}

bool same_entry(const SeenEntry& a, const SeenEntry& b) { return a.key == b.key && a.value == b.value; }

/// Whether both show the same entries of a layer, in a chunk or outside of one.
bool same_view(FakeModel& a, FakeModel& b, int layer) {
  const kv::View one = a.view(layer), other = b.view(layer);
  if (!std::equal(one.positions().begin(), one.positions().end(), other.positions().begin(), other.positions().end())) {
    return false;
  }
  for (std::int64_t entry = 0; entry < one.entries(); ++entry) {
    for (int head = 0; head < a.shape().layers[0].kv_heads; ++head) {
      if (!same_entry(see_entry(one, a.shape(), layer, head, entry), see_entry(other, b.shape(), layer, head, entry))) {
        return false;
      }
    }
  }
  return true;
}

/// Keeps the attention that entries have received whenever something must be evicted.
class Recording final : public kv::Rule {
 public:
  std::string_view name() const override { return "recording"; }
  kv::Needs needs() const override { return {.attention_queries = kv::kAllQueries, .attention_kept = 0.5f}; }
  void score(const kv::Entries& entries, std::span<float> scores) const noexcept override {
    std::copy(entries.accumulated.begin(), entries.accumulated.end(), scores.begin());
    seen.emplace_back(scores.begin(), scores.end());
  }
  mutable std::vector<std::vector<float>> seen;
};

}  // namespace

TEST_CASE("a held stream shows its chunk until the chunk ends, and then keeps what it would keep otherwise") {
  for (const std::int64_t quota : {32, 64}) {
    CAPTURE(quota);
    FakeModel held(with_quotas(three_layers(true), quota)), plain(with_quotas(three_layers(false), quota));
    REQUIRE(held.ok());
    REQUIRE(plain.ok());
    for (const std::int64_t n : {16, 1, 7, 16, 16, 16, 3, 16, 16}) {
      const std::int64_t first = held.cache().tokens(), position = held.begin(n);
      REQUIRE(plain.begin(n) == position);
      std::vector<std::vector<SeenEntry>> staged(3);
      for (int layer = 0; layer < 3; ++layer) {
        held.stage(layer, first, position, n);
        plain.stage(layer, first, position, n);
        CHECK(same_view(held, plain, layer));
        for (std::int64_t entry = 0; entry < plain.view(layer).entries(); ++entry) {
          staged[static_cast<std::size_t>(layer)].push_back(
              see_entry(plain.view(layer), plain.shape(), layer, 1, entry));
        }
        held.commit(layer);
        plain.commit(layer);
      }
      for (const int layer : {1, 2, 1, 2, 2}) {
        held.chunk().show(stream(layer));
        const kv::View view = held.view(layer);
        const auto& expected = staged[static_cast<std::size_t>(layer)];
        REQUIRE(view.entries() == static_cast<std::int64_t>(expected.size()));
        CHECK(view.staged() == n);
        for (std::int64_t entry = 0; entry < view.entries(); ++entry) {
          const SeenEntry seen = see_entry(view, held.shape(), layer, 1, entry);
          CHECK(same_entry(seen, expected[static_cast<std::size_t>(entry)]));
        }
        held.commit(layer);
      }
      held.end();
      plain.end();
      for (int layer = 0; layer < 3; ++layer) CHECK(same_view(held, plain, layer));
      CHECK(held.cache().bytes_used() <= held.cache().plan().budget_bytes);
    }
    CHECK(held.cache().evicted() == plain.cache().evicted());
    CHECK(held.guards_intact());
  }
}

TEST_CASE("what a later layer's queries give to a held stream adds up with what its own gave") {
  Recording of_held, of_plain;
  kv::Shape shape = fake_shape(1, 256);
  const kv::Plan plain_plan = with_quotas(shape, 32, of_plain);
  shape.layers[0].held = true;
  FakeModel held(with_quotas(shape, 32, of_held)), plain(plain_plan);
  REQUIRE(held.cache().plan().attention_decides());
  Random random(7);
  for (int chunk = 0; chunk < 8; ++chunk) {
    const std::int64_t n = random.pick(1, 16), first = held.cache().tokens(), position = held.begin(n);
    REQUIRE(plain.begin(n) == position);
    held.stage(0, first, position, n);
    plain.stage(0, first, position, n);
    std::vector<float> own, later, both;
    for (std::int64_t entry = 0; entry < held.view(0).entries(); ++entry) {
      own.push_back(static_cast<float>(random.pick(0, 8)));
      later.push_back(static_cast<float>(random.pick(0, 8)));
      both.push_back(own.back() + later.back());
    }
    held.add_attention(0, own, 1);
    held.commit(0);
    held.chunk().show(stream(0));
    held.add_attention(0, later, 1);
    held.commit(0);
    held.end();
    plain.add_attention(0, both, 1);
    plain.commit(0);
    plain.end();
  }
  CHECK(!of_plain.seen.empty());
  CHECK(of_held.seen == of_plain.seen);
}

TEST_CASE("an abandoned chunk leaves nothing in a held stream") {
  FakeModel model(with_quotas(three_layers(true), 64)), other(with_quotas(three_layers(true), 64));
  model.read(10);
  other.read(10);
  const std::int64_t position = model.begin(5);
  for (int layer = 0; layer < 3; ++layer) {
    model.stage(layer, 10, position, 5);
    model.commit(layer);
  }
  model.abandon();
  CHECK(!model.cache().stale());
  model.read(5);
  other.read(5);
  for (int layer = 0; layer < 3; ++layer) CHECK(same_view(model, other, layer));
}

TEST_CASE("drafts of held streams are visible again and are taken in one by one") {
  FakeModel held(with_quotas(three_layers(true), 64)), plain(with_quotas(three_layers(false), 64));
  for (FakeModel* model : {&held, &plain}) model->read(12);
  REQUIRE(held.cache().draft_room() >= 3);
  REQUIRE(plain.cache().draft_room() >= 3);
  for (FakeModel* model : {&held, &plain}) {
    const std::int64_t position = model->begin_drafts(3);
    for (int layer = 0; layer < 3; ++layer) {
      model->stage(layer, 12, position, 3);
      model->commit(layer);
    }
    if (model == &held) {
      held.chunk().show(stream(1));
      CHECK(held.view(1).staged() == 3);
      const SeenEntry seen = see_entry(held.view(1), held.shape(), 1, 0, held.view(1).entries() - 1);
      CHECK(seen.value == fake_vector(1, 0, 14, 16, true));
      held.commit(1);
    }
    model->end();
    model->cache().accept_draft();
    CHECK(model->cache().tokens() == 14);
  }
  for (int layer = 0; layer < 3; ++layer) CHECK(same_view(held, plain, layer));
}

TEST_CASE("staging has room for every held stream beside the largest of the others") {
  const kv::Shape shape = three_layers(true);
  const std::int64_t entry = kv::data_bytes(shape.layers[0]);
  CHECK(kv::staging_bytes(shape, 16) == 3 * 16 * entry);
  CHECK(kv::staging_bytes(three_layers(false), 16) == 16 * entry);
  CHECK(kv::staging_place(shape, 16, stream(0)) == 0);
  CHECK(kv::staging_place(shape, 16, stream(1)) == 16 * entry);
  CHECK(kv::staging_place(shape, 16, stream(2)) == 2 * 16 * entry);
}

TEST_CASE("values that are in the keys are stored once, in any type that allows it") {
  for (int number = 0; number < kernels::kKvTypeCount; ++number) {
    const auto type = static_cast<kernels::KvType>(number);
    CAPTURE(kernels::kv_type_name(type));
    kv::Shape shape = fake_shape(2, 128, type, 1, 96);
    shape.layers[1].value_size = 64;
    shape.layers[1].rope = false;
    const std::int64_t apart = kv::data_bytes(shape.layers[1]);
    shape.layers[1].values_in_keys = true;
    CHECK(kv::data_bytes(shape.layers[1]) == static_cast<std::int64_t>(kernels::kv_vector_bytes(type, 96)));
    CHECK(kv::data_bytes(shape.layers[1]) < apart);
    const kv::Plan plan = with_quotas(shape, 48);
    FakeModel model(plan), copy(plan);
    REQUIRE(model.ok());
    const auto check = [&](int layer) {
      const kv::View view = model.view(layer);
      for (std::int64_t entry = 0; layer == 1 && entry < view.entries(); ++entry) {
        const SeenEntry seen = see_entry(view, shape, 1, 0, entry);
        CHECK(std::equal(seen.value.begin(), seen.value.end(), seen.key.begin()));
      }
    };
    for (int chunk = 0; chunk < 6; ++chunk) model.read_chunk(16, check);
    check(1);
    CHECK(model.cache().evicted() > 0);
    CHECK(model.guards_intact());
    StateWriter writer;
    model.cache().save(writer);
    const std::vector<std::byte> saved = saved_bytes(writer);
    StateReader state("a state", {saved});
    REQUIRE(copy.cache().restore(state));
    for (int layer = 0; layer < 2; ++layer) CHECK(same_view(model, copy, layer));
  }
}

TEST_CASE("values that cannot be read from the keys as they are stored are refused") {
  const auto refused = [](int value_size, kernels::KvTypes types) {
    kv::Shape shape = fake_shape(1, 128, types, 1, 96);
    shape.layers[0].value_size = value_size;
    shape.layers[0].values_in_keys = true;
    const auto plan = kv::make_plan(shape, budget_full(), 0, &kv::uniform_split(), kv::window_rule());
    return plan ? std::string() : plan.error().sentence;
  };
  CHECK(refused(48, kernels::KvType::f16).empty());
  CHECK(refused(64, kernels::KvType::q8_0).empty());
  CHECK(refused(48, kernels::KvType::q8_0).ends_with("expected to store both in f32 or f16, found q8_0"));
  CHECK(refused(64, {kernels::KvType::q8_0, kernels::KvType::q4_0})
            .ends_with("expected to store both in f32 or f16, or both in one other type, found q8_0:q4_0"));
  static_assert(kernels::kv_begins_with_vector(kernels::KvType::q8_0, 576, 512));
  static_assert(kernels::kv_begins_with_vector(kernels::KvType::q4_0, 96, 64));
  static_assert(!kernels::kv_begins_with_vector(kernels::KvType::q8_0, 128, 96));  // a rotation goes over all 128
  static_assert(!kernels::kv_begins_with_vector(kernels::KvType::q8_0, 96, 48));
}

}  // namespace brim::test::held

// Rule distinct in a text that is taken back, interrupted or saved: the anchors are those of the tokens that are left.
#include <doctest/doctest.h>

#include <cstring>
#include <vector>

#include "engine/kv/anchors.hpp"
#include "tests/engine/kv/distinct_plans.hpp"

using namespace brim;
using namespace brim::test;
using kernels::KvType;
using kv::Plan;
using kv::Shape;

TEST_CASE("going back: to one token before the end of each of the last two prompts, as if nothing had followed") {
  const Plan plan = distinct_with_quota(fake_shape(2, 1024, KvType::f16), 256);
  FakeModel model(plan), shorter(plan);
  const auto prompt = [](FakeModel& text, std::int64_t n) {
    for (; n > 20; n -= 20) text.read_chunk(20);
    text.cache().expect_checkpoint();
    text.read_chunk(n);
  };
  for (FakeModel* each : {&model, &shorter}) prompt(*each, 50);
  for (int i = 0; i < 12; ++i) model.read_chunk(1);
  prompt(model, 30);
  for (int i = 0; i < 5; ++i) model.read_chunk(1);
  CHECK(model.cache().tokens() == 97);
  CHECK(model.cache().return_point(97) == 97);
  CHECK(model.cache().return_point(96) == 91);
  CHECK(model.cache().return_point(90) == 49);
  CHECK(model.cache().return_point(48) == 0);
  CHECK(!model.cache().truncate(92));
  CHECK(!model.cache().truncate(50));
  CHECK(model.cache().tokens() == 97);
  REQUIRE(model.cache().truncate(91));
  CHECK(model.cache().tokens() == 91);
  REQUIRE(model.cache().truncate(49));
  REQUIRE(shorter.cache().truncate(49));
  for (int layer = 0; layer < 2; ++layer) CHECK(positions_of(model, layer) == positions_of(shorter, layer));
  for (FakeModel* each : {&model, &shorter}) {
    each->read(400);
    prompt(*each, 9);
  }
  CHECK(model.cache().evicted() > 0);
  CHECK(saved(model.cache()) == saved(shorter.cache()));
}

TEST_CASE("of three prompts the last two can be gone back to, and one of a single token has nothing to go back to") {
  FakeModel model(distinct_with_quota(fake_shape(1, 512), 128));
  for (const std::int64_t n : {9, 7, 8}) {
    model.cache().expect_checkpoint();
    model.read_chunk(n);
  }
  CHECK(model.cache().return_point(23) == 23);
  CHECK(model.cache().return_point(22) == 15);
  CHECK(model.cache().return_point(14) == 0);
  model.cache().clear();
  model.cache().expect_checkpoint();
  model.read_chunk(1);
  model.read_chunk(1);
  CHECK(model.cache().return_point(1) == 0);
}

TEST_CASE("the last token again and again: going back to where it was and reading on changes nothing") {
  const Plan plan = distinct_with_quota(fake_shape(1, 512), 128);
  FakeModel model(plan), straight(plan);
  for (FakeModel* each : {&model, &straight}) {
    each->cache().expect_checkpoint();
    each->read_chunk(30);
  }
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i <= round; ++i) model.read_chunk(1);
    REQUIRE(model.cache().truncate(29));
    model.cache().expect_checkpoint();
    model.read_chunk(1);
  }
  for (FakeModel* each : {&model, &straight}) each->read(200);
  CHECK(model.cache().evicted() > 0);
  CHECK(saved(model.cache()) == saved(straight.cache()));
}

TEST_CASE("an abandoned chunk leaves no trace in the anchors") {
  const Plan plan = distinct_with_quota(fake_shape(3, 512, KvType::f16), 128);
  FakeModel model(plan), straight(plan);
  for (FakeModel* each : {&model, &straight}) {
    each->cache().expect_checkpoint();
    each->read_chunk(20);
    each->read_chunk(20);
  }
  for (int committed = 0; committed <= 3; ++committed) {
    if (committed == 2) model.cache().expect_checkpoint();
    const std::int64_t position = model.begin(17);
    for (int layer = 0; layer < committed; ++layer) {
      model.stage(layer, 40, position, 17);
      model.commit(layer);
    }
    if (committed < 3) model.stage(committed, 40, position, 17);
    model.abandon();
    REQUIRE(!model.cache().stale());
    CHECK(model.cache().return_point(39) == 19);
  }
  for (FakeModel* each : {&model, &straight}) each->read(200);
  CHECK(model.cache().evicted() > 0);
  CHECK(saved(model.cache()) == saved(straight.cache()));
}

TEST_CASE("anchors are saved with what is kept of them, and go on as if nothing had happened") {
  for (const char* split : {"uniform", "zigzag"}) {
    CAPTURE(split);
    const Plan plan = distinct_plan(fake_shape(2, 256, KvType::f16), budget_share(45), split);
    FakeModel model(plan), other(plan);
    REQUIRE(model.ok());
    for (int round = 0; round < 12; ++round) {
      model.cache().expect_checkpoint();
      model.read_chunk(std::min<std::int64_t>(plan.chunk, 9 + round));
      model.read_chunk(1);
      const std::vector<std::byte> bytes = saved(model.cache());
      REQUIRE(restore(other.cache(), bytes));
      CHECK(saved(other.cache()) == bytes);
      CHECK(other.cache().return_point(model.cache().tokens() - 1) ==
            model.cache().return_point(model.cache().tokens() - 1));
      for (FakeModel* each : {&model, &other}) each->read_chunk(5);
      CHECK(saved(model.cache()) == saved(other.cache()));
    }
    CHECK(model.cache().evicted() > 0);
    const std::vector<std::byte> whole = saved(model.cache());
    for (std::size_t cut = 0; cut < whole.size(); cut += cut + 400 < whole.size() ? 8 * 11 : 8) {
      REQUIRE(!restore(other.cache(), {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut)}));
      REQUIRE(other.cache().tokens() == 0);
    }
    other.read(30);
  }
}

TEST_CASE("damaged copies of anchors are refused, and values without a meaning do no harm") {
  const Shape shape = fake_shape(2, 256, KvType::f16);
  const Plan plan = distinct_with_quota(shape, 64);
  FakeModel model(plan), other(plan);
  REQUIRE(model.ok());
  for (int prompt = 0; prompt < 2; ++prompt) {
    model.cache().expect_checkpoint();
    model.read_chunk(20);
  }
  const std::vector<std::byte> whole = saved(model.cache());
  // At the end: how many copies there are, and for each its place and its anchors, which follow their size.
  const std::size_t anchors = 2 * 2 * 16 * sizeof(float), copy = 8 + 8 + anchors;
  const std::size_t newest = whole.size() - copy, older = newest - copy, count = older - 8;
  const auto with = [&](std::size_t place, std::int64_t value) {
    std::vector<std::byte> changed = whole;
    std::memcpy(changed.data() + place, &value, sizeof value);
    return changed;
  };
  REQUIRE(with(count, 2) == whole);
  REQUIRE(with(older, 19) == whole);
  REQUIRE(with(newest, 39) == whole);
  CHECK(restore(other.cache(), with(newest, 40)));
  struct Change {
    std::size_t place;
    std::int64_t value;
  };
  for (const Change& change :
       {Change{count, 3}, Change{count, -1}, Change{older, 0}, Change{older, -5}, Change{older, 39}, Change{older, 40},
        Change{newest, 19}, Change{newest, 41}, Change{newest, std::int64_t{1} << 62}}) {
    CAPTURE(change.place);
    CAPTURE(change.value);
    const Status status = restore(other.cache(), with(change.place, change.value));
    REQUIRE(!status);
    CHECK(status.error().code == ErrorCode::bad_file);
    CHECK(other.cache().tokens() == 0);
  }
  // NaN in every anchor: scores are the lowest, and quotas hold.
  std::vector<std::byte> damaged = whole;
  std::memset(damaged.data() + newest - 8 - copy - anchors, 0xff, anchors);
  REQUIRE(restore(other.cache(), damaged));
  other.read(300);
  for (int layer = 0; layer < 2; ++layer) CHECK(other.stats(layer).used <= plan.quota[static_cast<std::size_t>(layer)]);
  CHECK(other.guards_intact());
}

TEST_CASE("with states, both are gone back to where checkpoints of both are") {
  Shape shape = fake_shape(2, 512);
  shape.heads = {{kv::LayerId{0}, 0}, {kv::LayerId{2}, 0}};
  shape.states = {{kv::LayerId{1}, 100}};
  const Plan full = distinct_plan(shape, budget_full());
  const Plan plan = distinct_plan(shape, budget_of(full.full_bytes / 2));
  REQUIRE(plan.checkpoints >= 1);
  FakeModel model(plan);
  REQUIRE(model.ok());
  model.cache().expect_checkpoint();
  model.read_chunk(12);
  model.cache().keep_checkpoint();
  model.read_chunk(5);
  CHECK(model.cache().return_point(16) == 12);
  CHECK(!model.cache().truncate(11));
  REQUIRE(model.cache().truncate(12));
  CHECK(model.cache().tokens() == 12);
}

// Going back: truncate, abandon, clear. Whatever succeeds must leave the state that results from processing only the
// shorter input.
#include <doctest/doctest.h>

#include <vector>

#include "tests/engine/kv/fake_model.hpp"
#include "tests/engine/kv/visible.hpp"

using namespace brim::test;
using brim::kernels::KvType;
using brim::kv::Plan;
using brim::kv::Shape;

TEST_CASE("truncate: as if only the shorter input had been read, and reading on gives the same") {
  const Plan plan = plan_of(fake_shape(2, 400, KvType::q8_0), budget_full());
  FakeModel model(plan), shorter(plan);
  model.read(300);
  shorter.read(120);
  REQUIRE(model.cache().truncate(120));
  CHECK(visible(model) == visible(shorter));
  CHECK(model.cache().bytes_used() == shorter.cache().bytes_used());
  model.read(77);
  shorter.read(77);
  CHECK(visible(model) == visible(shorter));
}

TEST_CASE("truncate: edges") {
  const Plan plan = plan_of(fake_shape(2, 100), budget_full());
  FakeModel model(plan);
  CHECK(model.cache().truncate(0));
  CHECK(!model.cache().truncate(1));
  model.read(50);
  CHECK(!model.cache().truncate(-1));
  CHECK(!model.cache().truncate(51));
  CHECK(model.cache().truncate(50));
  CHECK(model.cache().tokens() == 50);
  model.begin(1);
  CHECK(!model.cache().truncate(10));
  model.abandon();
  CHECK(model.cache().truncate(10));
  CHECK(model.cache().tokens() == 10);
  CHECK(model.cache().truncate(0));
  CHECK(model.cache().tokens() == 0);
  CHECK(model.cache().view(stream(0)).retained() == 0);
}

TEST_CASE("truncate fails, and changes nothing, once an entry was evicted after that point") {
  const Plan plan = plan_with_quota(fake_shape(2, 512), 64);
  REQUIRE(!plan.quota.empty());
  FakeModel model(plan);
  std::int64_t last = 0;  // tokens processed when the last eviction happened
  while (model.cache().tokens() < 300) {
    const std::int64_t before = model.cache().evicted();
    model.read_chunk(1);
    if (model.cache().evicted() > before) last = model.cache().tokens();
  }
  REQUIRE(last > 64);
  REQUIRE(last < 300);
  const Visible before = visible(model);
  CHECK(!model.cache().truncate(last - 1));
  CHECK(visible(model) == before);
  REQUIRE(model.cache().truncate(last));
  FakeModel shorter(plan);
  for (std::int64_t i = 0; i < last; ++i) shorter.read_chunk(1);
  CHECK(visible(model) == visible(shorter));
  CHECK(!model.cache().truncate(last - 1));
}

TEST_CASE("truncate of a window layer: only while the shorter input's window is still there") {
  Shape shape = fake_shape(2, 512, KvType::f32);
  shape.layers[1].window = 20;
  const Plan plan = plan_of(shape, budget_full());
  for (const std::int64_t read : {10, 19, 20, 21, 22, 60}) {
    for (std::int64_t back = 0; back <= read; ++back) {
      FakeModel model(plan);
      for (std::int64_t i = 0; i < read; ++i) model.read_chunk(1);
      const std::int64_t count = read - back;
      const bool done = model.cache().truncate(count);
      // No entry left a window up to 20 tokens; after that exactly one token back is still complete; 0 is always
      // possible.
      CHECK(done == (read <= 20 || back <= 1 || count == 0));
      if (!done) continue;
      FakeModel shorter(plan);
      for (std::int64_t i = 0; i < count; ++i) shorter.read_chunk(1);
      CHECK(visible(model) == visible(shorter));
    }
  }
}

TEST_CASE("truncate after a rebase: to tokens read since, not before it") {
  const Plan plan = plan_of(fake_shape(2, 64), budget_full());
  FakeModel model(plan), shorter(plan);
  for (int i = 0; i < 64; ++i) model.read_chunk(1);
  CHECK(model.cache().rebased() == 0);
  for (int i = 0; i < 4; ++i) model.read_chunk(1);
  REQUIRE(model.cache().rebased() == 1);
  CHECK(!model.cache().truncate(63));
  REQUIRE(model.cache().truncate(65));
  for (int i = 0; i < 65; ++i) shorter.read_chunk(1);
  CHECK(visible(model) == visible(shorter));
  CHECK(model.cache().next_position() == 57);
  // The input of 64 tokens was still complete.
  CHECK(!model.cache().truncate(64));
}

TEST_CASE("truncate at random: whenever it succeeds, the state is that of the shorter input") {
  Random random(77);
  int done = 0, refused = 0;
  for (int round = 0; round < 400; ++round) {
    Shape shape = fake_shape(2, random.pick(16, 120), KvType::f16, 1, 8);
    if (random.pick(0, 1) == 0) shape.layers[0].window = random.pick(1, 60);
    const Plan full = plan_of(shape, budget_full());
    const Plan plan = plan_of(shape, budget_of(random.pick(full.min_bytes, full.full_bytes)));
    FakeModel model(plan);
    std::vector<std::int64_t> ends;
    const std::int64_t until = random.pick(1, shape.context * 3 / 2);
    while (model.cache().tokens() < until) {
      model.read_chunk(random.pick(1, random.pick(0, 1) == 0 ? plan.chunk : 2));
      ends.push_back(model.cache().tokens());
    }
    // To the end of a chunk, so that the shorter run can process exactly the same chunks.
    const std::int64_t last = static_cast<std::int64_t>(ends.size()) - 1;
    const auto chosen = static_cast<std::size_t>(random.pick(std::max<std::int64_t>(0, last - 12), last));
    const Visible before = visible(model);
    if (!model.cache().truncate(ends[chosen])) {
      ++refused;
      CHECK(visible(model) == before);
      continue;
    }
    done += chosen + 1 < ends.size();
    FakeModel shorter(plan);
    std::int64_t from = 0;
    for (std::size_t i = 0; i <= chosen; ++i) {
      shorter.read_chunk(ends[i] - from);
      from = ends[i];
    }
    CHECK(visible(model) == visible(shorter));
  }
  CHECK(done > 50);
  CHECK(refused > 50);
}

TEST_CASE("abandon before and after commits: nothing is stale where everything can be taken back") {
  const Plan plan = plan_of(fake_shape(3, 400), budget_full());
  FakeModel model(plan), other(plan);
  model.read(100);
  other.read(100);
  for (int committed = 0; committed <= 3; ++committed) {
    const std::int64_t position = model.begin(30);
    for (int layer = 0; layer < committed; ++layer) {
      model.stage(layer, 100, position, 30);
      model.commit(layer);
    }
    if (committed < 3) model.stage(committed, 100, position, 30);
    model.abandon();
    CHECK(!model.cache().stale());
    CHECK(visible(model) == visible(other));
    CHECK(model.cache().bytes_used() == other.cache().bytes_used());
    CHECK(model.view(std::min(committed, 2)).staged() == 0);
  }
  model.read(50);
  other.read(50);
  CHECK(visible(model) == visible(other));
}

TEST_CASE("abandon after a layer had to evict: stale until clear, and then as new") {
  const Plan plan = plan_with_quota(fake_shape(2, 512), 64);
  REQUIRE(!plan.quota.empty());
  FakeModel model(plan), fresh(plan);
  model.read(100);
  const std::int64_t position = model.begin(16);
  model.abandon();
  CHECK(!model.cache().stale());
  CHECK(model.begin(16) == position);
  model.stage(0, 100, position, 16);
  model.commit(0);
  model.abandon();
  CHECK(model.cache().stale());
  CHECK(model.cache().bytes_used() <= plan.budget_bytes);
  CHECK(!model.cache().truncate(100));
  CHECK(!model.cache().truncate(50));
  model.cache().clear();
  CHECK(!model.cache().stale());
  CHECK(model.cache().tokens() == 0);
  CHECK(model.cache().next_position() == 0);
  CHECK(model.cache().evicted() == 0);
  model.read(300);
  fresh.read(300);
  CHECK(visible(model) == visible(fresh));
}

TEST_CASE("abandon of one decoded token of a model with windows is taken back whole") {
  Shape shape = fake_shape(2, 512);
  shape.layers[0].window = 20;
  const Plan plan = plan_of(shape, budget_full());
  FakeModel model(plan);
  for (int i = 0; i < 60; ++i) model.read_chunk(1);
  const Visible before = visible(model);
  const std::int64_t position = model.begin(1);
  model.stage(0, 60, position, 1);
  model.commit(0);
  model.abandon();
  CHECK(!model.cache().stale());
  CHECK(visible(model) == before);
}

TEST_CASE("abandon without a chunk does nothing") {
  FakeModel model(plan_of(fake_shape(1, 64), budget_full()));
  model.read(20);
  model.abandon();
  CHECK(!model.cache().stale());
  CHECK(model.cache().tokens() == 20);
}

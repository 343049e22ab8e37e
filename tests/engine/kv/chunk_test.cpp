// A chunk leaves nothing behind, however its pass ends.
#include "engine/kv/chunk.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <utility>
#include <vector>

#include "tests/engine/kv/fake_model.hpp"

using namespace brim::test;
using brim::kv::Chunk;
using brim::kv::Memory;
using brim::kv::Plan;

namespace {

/// Stages a token of ones in every stream, and commits the first `committed`.
void stage(Memory& memory, Chunk& chunk, std::size_t committed) {
  const std::vector<float> ones(64, 1.0f);
  for (const brim::kv::StreamId id : brim::kv::ids_up_to<brim::kv::StreamId>(memory.plan().shape.layers.size())) {
    chunk.stage(id, side_by_side(memory.plan().shape.at(id), ones.data(), ones.data()));
    if (brim::kv::index_of(id) < committed) chunk.commit(id);
  }
}

}  // namespace

TEST_CASE("a chunk that goes out of scope is abandoned, one that was ended is not") {
  FakeModel model(plan_of(fake_shape(3, 100), budget_full()));
  Memory& memory = model.cache();
  for (const std::size_t committed : {0u, 1u, 3u}) {
    {
      Chunk chunk = memory.begin(1);
      stage(memory, chunk, committed);
    }
    CHECK(memory.tokens() == 0);
    CHECK(!memory.stale());
    for (int i = 0; i < 3; ++i) CHECK(model.stats(i).used == 0);
  }
  {
    Chunk chunk = memory.begin(1);
    stage(memory, chunk, 3);
    chunk.end();
    chunk.abandon();  // too late
  }
  CHECK(memory.tokens() == 1);
  for (int i = 0; i < 3; ++i) CHECK(model.stats(i).used == 1);
}

TEST_CASE("a chunk that was moved belongs to its new owner alone") {
  FakeModel model(plan_of(fake_shape(2, 100), budget_full()));
  Memory& memory = model.cache();
  std::optional<Chunk> first(memory.begin(1));
  Chunk second = std::move(*first);
  first.reset();
  CHECK(!memory.truncate(0));  // still open
  stage(memory, second, 2);
  second.end();
  CHECK(memory.tokens() == 1);
}

TEST_CASE("a chunk whose memory was cleared ends without a trace") {
  FakeModel model(plan_of(fake_shape(2, 100), budget_full()));
  Memory& memory = model.cache();
  {
    Chunk chunk = memory.begin(1);
    stage(memory, chunk, 2);
    memory.clear();
  }
  CHECK(!memory.stale());
  CHECK(memory.tokens() == 0);
  model.read(20);
  CHECK(memory.tokens() == 20);
}

TEST_CASE("drafts that are given up leave staging, and the next chunk has all of staging") {
  FakeModel model(plan_of(fake_shape(2, 400), budget_full()));
  Memory& memory = model.cache();
  model.read(10);
  const std::int64_t room = memory.draft_room();
  REQUIRE(room > 2);
  { const Chunk chunk = memory.begin_drafts(room); }
  CHECK(memory.drafts_left() == 0);
  CHECK(memory.tokens() == 10);
  model.read(memory.plan().chunk);
  CHECK(memory.tokens() == 10 + memory.plan().chunk);
}

// Between creation and the end of a session the cache allocates nothing: not when processing, evicting, rebasing or
// going back.
#include <doctest/doctest.h>

#include <vector>

#include "tests/engine/kv/fake_model.hpp"
#include "tests/support/allocation_count.hpp"

using namespace brim::test;
using brim::kernels::KvType;
using brim::kv::Memory;
using brim::kv::Plan;

TEST_CASE("no allocation after create") {
  for (const KvType type : {KvType::f32, KvType::f16, KvType::q8_0, KvType::q4_0}) {
    brim::kv::Shape shape = fake_shape(3, 256, type, 2, 48);
    shape.layers[1].window = 40;
    const Plan plan = plan_of(shape, budget_share(40));
    REQUIRE(!plan.quota.empty());
    FakeModel model(plan);
    REQUIRE(model.ok());
    Memory& cache = model.cache();
    const std::vector<float> values(static_cast<std::size_t>(plan.chunk) * 2 * 48, 0.25f);

    const brim::kv::TokenRows rows = side_by_side(shape.layers[0], values.data(), values.data());
    const auto read = [&](std::int64_t n) {
      brim::kv::Chunk chunk = cache.begin(n);
      for (const brim::kv::StreamId id : brim::kv::ids_up_to<brim::kv::StreamId>(3)) {
        chunk.stage(id, rows);
        const brim::kv::View view = chunk.view(id);
        for (std::int64_t first = 0; first < view.entries();) first += view.range(1, first, view.entries()).count;
        chunk.commit(id);
      }
      chunk.end();
    };
    const std::size_t before = allocation_count();
    for (int i = 0; i < 20; ++i) read(plan.chunk);
    for (int i = 0; i < 600; ++i) read(1);
    cache.truncate(cache.tokens() - 1);
    {
      brim::kv::Chunk chunk = cache.begin(1);
      chunk.stage(stream(0), rows);
    }
    const std::int64_t evicted = cache.evicted(), rebased = cache.rebased(), used = cache.bytes_used();
    cache.clear();
    const std::size_t after = allocation_count();
    CHECK(after == before);
    CHECK(evicted > 0);
    CHECK(rebased > 0);
    CHECK(used <= plan.budget_bytes);
  }
}

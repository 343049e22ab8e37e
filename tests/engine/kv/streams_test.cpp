// Numbers of layers and streams, and the bytes that streams use.
#include "engine/kv/streams.hpp"

#include <doctest/doctest.h>

#include <type_traits>
#include <vector>

#include "engine/kv/heads.hpp"
#include "tests/engine/kv/fake_model.hpp"

using namespace brim::kv;
using brim::test::fake_shape;
using brim::test::FakeModel;
using brim::test::plan_of;

static_assert(!std::is_convertible_v<LayerId, StreamId> && !std::is_convertible_v<StreamId, LayerId>);
static_assert(!std::is_convertible_v<int, StreamId> && !std::is_convertible_v<StreamId, int>);

TEST_CASE("ids count from their first") {
  std::vector<std::size_t> seen;
  for (const StreamId id : IdRange<StreamId>(StreamId{3}, 2)) seen.push_back(index_of(id));
  CHECK(seen == std::vector<std::size_t>{3, 4});
  CHECK(ids_up_to<LayerId>(0).size() == 0);
}

TEST_CASE("a stream knows its layer, its shape and its share of the plan") {
  Shape shape = fake_shape(2, 300);
  shape.layers[1].window = 20;
  const Plan plan = plan_of(heads_apart(shape, 128), brim::test::budget_share(50));
  REQUIRE(!plan.quota.empty());
  std::vector<std::byte> bytes(static_cast<std::size_t>(plan.budget_bytes) + 64);
  const Streams streams(plan, MemoryMap(bytes), 1000);
  REQUIRE(streams.size() == 4);
  for (const Stream& stream : streams) {
    CHECK(index_of(stream.layer) == index_of(stream.id) / 2);
    CHECK(stream.slides == (stream.layer == LayerId{1}));
    CHECK(stream.quota == plan.quota[index_of(stream.id)]);
    CHECK(stream.store.slots() >= stream.quota);
  }
  CHECK(streams.bytes_used() == 1000);
  CHECK(streams.bytes_peak() == 1000);
}

TEST_CASE("bytes are those of the stores, counted one by one or all at once") {
  FakeModel model(plan_of(fake_shape(3, 300), brim::test::budget_share(40)));
  for (int i = 0; i < 50; ++i) {
    model.read_chunk(1 + i % 7);
    const std::int64_t one_by_one = model.cache().bytes_used();
    // A chunk that is begun and not used makes the cache count all bytes again.
    { const Chunk chunk = model.cache().begin(1); }
    if (!model.cache().stale()) CHECK(model.cache().bytes_used() == one_by_one);
  }
}

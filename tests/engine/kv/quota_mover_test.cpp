// Quotas that move between layers during processing: where entries go, what they contain afterwards, and that the
// budget is not exceeded by a byte.
#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "engine/kv/layout.hpp"
#include "tests/engine/kv/fake_model.hpp"
#include "tests/support/policies.hpp"

using namespace brim::test;
using brim::kv::Plan;

namespace {

Plan online_plan(const brim::kv::Shape& shape, double percent, const char* keep = "window") {
  const auto plan = brim::test::make_plan(shape, budget_share(percent), std::int64_t{1} << 40, "zigzag", keep);
  REQUIRE(plan.ok());
  return *plan;
}

/// Processes a chunk as the decoder does, with the statistic of each layer.
void read_observed(FakeModel& model, std::int64_t n, const std::vector<double>& statistic) {
  model.read_chunk(n, [&](int layer) { model.observe(layer, statistic[static_cast<std::size_t>(layer)]); });
}

std::int64_t spent(const FakeModel& model, brim::kv::Memory& cache) {
  std::int64_t bytes = 0;
  for (int i = 0; i < model.layers(); ++i) {
    const std::int64_t slots = (cache.stats(stream(i)).quota + 15) / 16 * 16;
    bytes += slots * brim::kv::entry_bytes(cache.plan().shape.layers[static_cast<std::size_t>(i)], cache.plan().needs);
  }
  return bytes;
}

/// Checks that every entry of every layer has its token's key and value.
void check_contents(FakeModel& model) {
  for (int layer = 0; layer < model.layers(); ++layer) {
    const brim::kv::View view = model.cache().view(stream(layer));
    const brim::kv::StreamShape& own = model.shape().layers[static_cast<std::size_t>(layer)];
    for (std::int64_t entry = 0; entry < view.entries(); ++entry) {
      const std::int64_t token = view.positions()[static_cast<std::size_t>(entry)];  // no rebasing in these tests
      for (int head = 0; head < own.kv_heads; ++head) {
        const SeenEntry seen = see_entry(view, model.shape(), layer, head, entry);
        INFO("layer ", layer, " head ", head, " entry ", entry, " of ", view.entries(), " token ", token);
        CHECK(seen.key == through_storage(own.types.key, fake_key(model.rotation(), own, layer, head, token, token)));
        CHECK(seen.value == through_storage(own.types.value, fake_vector(layer, head, token, own.value_size, true)));
      }
    }
  }
}

}  // namespace

TEST_CASE("the first move goes the whole way and loses nothing; later ones a tenth at a time") {
  const auto shape = fake_shape(4, 1 << 16, brim::kernels::KvType::f16);
  const Plan plan = online_plan(shape, 2);
  FakeModel model(plan);
  REQUIRE(model.ok());
  const std::vector<double> uneven = {0.3, 0.1, 0.1, 0.3};
  std::int64_t before = model.cache().stats(stream(0)).quota;
  while (model.cache().stats(stream(0)).quota == before && model.cache().tokens() < 2000)
    read_observed(model, plan.chunk, uneven);
  REQUIRE(model.cache().stats(stream(0)).quota > before);
  CHECK(model.cache().evicted() == 0);
  // .2 + .8 · 4 · .3 / .8 = 1.4 times the average, and .6 times.
  const double ratio = static_cast<double>(model.cache().stats(stream(0)).quota) /
                       static_cast<double>(model.cache().stats(stream(1)).quota);
  CHECK(ratio == doctest::Approx(1.4 / 0.6).epsilon(0.1));
  check_contents(model);

  const std::vector<double> other = {0.1, 0.3, 0.3, 0.1};
  for (int chunk = 0; chunk < 30; ++chunk) {
    std::vector<std::int64_t> old(4);
    for (int i = 0; i < 4; ++i) old[static_cast<std::size_t>(i)] = model.cache().stats(stream(i)).quota;
    read_observed(model, plan.chunk, other);
    for (int i = 0; i < 4; ++i) {
      const std::int64_t was = old[static_cast<std::size_t>(i)], is = model.cache().stats(stream(i)).quota;
      CHECK(std::abs(is - was) <= std::max<std::int64_t>(was / 10, 16));
      CHECK(model.cache().stats(stream(i)).used <= is);
    }
    CHECK(model.cache().bytes_used() <= plan.budget_bytes);
  }
  CHECK(model.cache().stats(stream(1)).quota > model.cache().stats(stream(0)).quota);
  CHECK(model.cache().bytes_peak() <= plan.budget_bytes);
  check_contents(model);
  CHECK(model.guards_intact());
}

TEST_CASE("random statistics, shapes, rules and chunks: contents, budget and guards hold") {
  Random random(21);
  int moved = 0;
  for (int round = 0; round < 60; ++round) {
    brim::kv::Shape shape;
    shape.context = 1 << 20;
    for (std::int64_t n = random.pick(2, 5); n > 0; --n) {
      shape.layers.push_back({static_cast<int>(random.pick(1, 3)), static_cast<int>(random.pick(1, 3)) * 16,
                              static_cast<int>(random.pick(1, 3)) * 16,
                              random.pick(0, 4) == 0 ? random.pick(30, 200) : 0, true});
    }
    store_at_random(shape, random);
    const char* const rules[] = {"window", "knorm", "snapkv", "distinct"};
    const auto made =
        brim::test::make_plan(shape, budget_of(random.pick(60000, 400000)), 0, "zigzag", rules[random.pick(0, 3)]);
    if (!made) continue;
    FakeModel model(*made);
    REQUIRE(model.ok());
    const std::vector<std::int64_t> planned = made->quota;
    INFO("round ", round, ", ", made->keep, ", stored as ", stored_as(shape), ", chunk ", made->chunk);
    for (int step = 0; step < 25; ++step) {
      const std::int64_t n = random.pick(0, 2) == 0 ? random.pick(1, 5) : made->chunk;
      std::vector<double> statistic(shape.layers.size());
      for (double& value : statistic) value = std::abs(random.unit());
      if (n >= brim::kv::kStatisticQueries) {
        read_observed(model, n, statistic);
      } else {
        model.read_chunk(n);
      }
      CHECK(spent(model, model.cache()) <= made->budget_bytes);
      CHECK(model.cache().bytes_used() <= made->budget_bytes);
    }
    for (int i = 0; i < model.layers(); ++i)
      moved += model.cache().stats(stream(i)).quota != planned[static_cast<std::size_t>(i)];
    check_contents(model);
    CHECK(model.guards_intact());
    model.cache().clear();
    for (int i = 0; i < model.layers(); ++i)
      CHECK(model.cache().stats(stream(i)).quota == planned[static_cast<std::size_t>(i)]);
    model.read(40);
    check_contents(model);
  }
  CHECK(moved > 20);
}

TEST_CASE("what was measured last can be asked for: of the newest chunk that was observed, and not smoothed") {
  const Plan plan = online_plan(fake_shape(2, 4096, brim::kernels::KvType::f16), 40);
  FakeModel model(plan);
  REQUIRE(model.ok());
  const auto measured = [&] {
    const std::span<const double> found = model.cache().measured();
    return std::vector<double>(found.begin(), found.end());
  };
  CHECK(measured() == std::vector<double>{0, 0});
  read_observed(model, 32, {0.3, 0.1});
  read_observed(model, 32, {0.2, 0.4});
  CHECK(measured() == std::vector<double>{0.2, 0.4});
  model.read_chunk(5);
  CHECK(measured() == std::vector<double>{0.2, 0.4});
  FakeModel fixed(plan_of(fake_shape(2, 4096), budget_share(40)));
  CHECK(fixed.cache().measured().empty());
}

TEST_CASE("going back: to after the last move, not before it") {
  const auto shape = fake_shape(4, 4096, brim::kernels::KvType::f16);
  const Plan plan = online_plan(shape, 40);
  FakeModel model(plan);
  REQUIRE(model.ok());
  REQUIRE(plan.chunk >= brim::kv::kStatisticQueries);
  const std::vector<double> uneven = {0.3, 0.1, 0.1, 0.3};
  const std::int64_t before = model.cache().stats(stream(0)).quota;
  while (model.cache().stats(stream(0)).quota == before && model.cache().tokens() < 4000)
    read_observed(model, plan.chunk, uneven);
  const std::int64_t moved_at = model.cache().tokens();
  model.read(3);
  CHECK(model.cache().truncate(moved_at + 1));
  CHECK(!model.cache().truncate(moved_at - 1));
  CHECK(model.cache().tokens() == moved_at + 1);
  CHECK(model.cache().truncate(0));
}

TEST_CASE("a chunk that was given up has reported nothing about its layers") {
  const auto shape = fake_shape(4, 1 << 16, brim::kernels::KvType::f16);
  const Plan plan = online_plan(shape, 2);
  FakeModel straight(plan), interrupted(plan);
  REQUIRE((straight.ok() && interrupted.ok()));
  Random random(9);
  for (int chunk = 0; chunk < 12; ++chunk) {
    std::vector<double> statistic(4);
    for (double& value : statistic) value = std::abs(random.unit());
    if (chunk < 3) {  // later chunks evict, and abandoning one leaves the cache stale
      const std::int64_t position = interrupted.begin(plan.chunk);
      interrupted.stage(0, interrupted.cache().tokens(), position, plan.chunk);
      interrupted.observe(0, 1.0);
      interrupted.abandon();
      REQUIRE(!interrupted.cache().stale());
    }
    read_observed(straight, plan.chunk, statistic);
    read_observed(interrupted, plan.chunk, statistic);
    for (int i = 0; i < 4; ++i)
      CHECK(straight.cache().stats(stream(i)).quota == interrupted.cache().stats(stream(i)).quota);
  }
  CHECK(straight.cache().stats(stream(0)).quota != plan.quota[0]);
}

TEST_CASE("nothing moves where everything fits, or when every layer is alike") {
  const auto shape = fake_shape(3, 512, brim::kernels::KvType::f16);
  FakeModel whole(online_plan(shape, 100));
  REQUIRE(whole.ok());
  for (int i = 0; i < 4; ++i) read_observed(whole, 128, {0.1, 0.9, 0.5});
  for (int i = 0; i < 3; ++i) CHECK(whole.cache().stats(stream(i)).quota == 512);
  FakeModel alike(online_plan(shape, 40));
  REQUIRE(alike.ok());
  const std::int64_t quota = alike.cache().stats(stream(0)).quota;
  for (int i = 0; i < 10; ++i) read_observed(alike, alike.cache().plan().chunk, {0.4, 0.4, 0.4});
  for (int i = 0; i < 3; ++i) CHECK(std::abs(alike.cache().stats(stream(i)).quota - quota) <= 16);
}

// A cache compared with a naive one that is written from the promises of cache.hpp: the same entries with the same
// positions, contents bit for bit, on thousands of random shapes, budgets and chunkings — and never a byte over the
// budget.
#include "engine/kv/memory.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "tests/engine/kv/fake_model.hpp"

using namespace brim::test;
using brim::kernels::KvType;
using brim::kv::Memory;
using brim::kv::Plan;
using brim::kv::Shape;
using brim::kv::StreamShape;
using brim::kv::View;

namespace {

struct NaiveEntry {
  std::int64_t token;
  std::int64_t position;
  bool moved = false;  ///< its key was rotated again at least once
  int repacked = 0;    ///< how often, where that is limited
};

/// The window rule over plain vectors.
class NaiveCache {
 public:
  explicit NaiveCache(const Plan& plan) : plan_(plan), layers(plan.quota.size()) {}

  void read(std::int64_t n) {
    const std::int64_t context = plan_.shape.context;
    if (position + n > context) make_room(n);
    for (std::size_t l = 0; l < layers.size(); ++l) {
      auto& entries = layers[l];
      for (std::int64_t t = 0; t < n; ++t) entries.push_back({tokens + t, position + t});
      const std::int64_t window = plan_.shape.layers[l].window;
      if (slides(l)) {
        std::erase_if(entries, [&](const NaiveEntry& entry) { return entry.position < position + n - window; });
      }
      const std::int64_t quota = plan_.quota[l];
      const std::int64_t over = static_cast<std::int64_t>(entries.size()) - quota;
      if (over <= 0) continue;
      const std::int64_t batch = n < 16 ? std::clamp<std::int64_t>(quota / 8, 1, 16) : 1;
      const auto first = entries.begin() + sinks(l);
      entries.erase(first, first + std::max(over, batch));
      evicted += std::max(over, batch);
    }
    tokens += n;
    position += n;
  }

  std::int64_t sinks(std::size_t l) const { return slides(l) ? 0 : std::min<std::int64_t>(4, plan_.quota[l] / 8); }
  bool slides(std::size_t l) const {
    const std::int64_t window = plan_.shape.layers[l].window;
    return window > 0 && window < plan_.shape.context;
  }

 private:
  void make_room(std::int64_t n) {
    const std::int64_t room = plan_.shape.context - std::max(n, plan_.shape.context / 8);
    std::int64_t end = 0;
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const std::int64_t over = static_cast<std::int64_t>(layers[l].size()) - room;
      if (over > 0) {
        layers[l].erase(layers[l].begin() + sinks(l), layers[l].begin() + sinks(l) + over);
        evicted += over;
      }
      end = std::max(end, static_cast<std::int64_t>(layers[l].size()));
    }
    for (std::size_t l = 0; l < layers.size(); ++l) {
      if (limited(l)) drop_worn(l, end);
      const std::int64_t used = static_cast<std::int64_t>(layers[l].size());
      for (std::int64_t i = sinks(l); i < used; ++i) {
        NaiveEntry& entry = layers[l][static_cast<std::size_t>(i)];
        const bool moves = entry.position != end - used + i;
        entry.moved = entry.moved || moves;
        entry.repacked += moves ? 1 : 0;
        entry.position = end - used + i;
      }
    }
    position = end;
    ++rebased;
  }

  /// Whether keys of a layer may be packed again four times only.
  bool limited(std::size_t l) const {
    return plan_.shape.layers[l].rope && brim::kernels::kv_below_8_bits(plan_.shape.layers[l].types.key);
  }
  /// Removes, from the newest on, what would have to move a fifth time.
  void drop_worn(std::size_t l, std::int64_t end) {
    auto& entries = layers[l];
    std::int64_t place = end - 1;  // of the newest entry that is not decided on yet
    for (std::size_t i = entries.size(); i-- > static_cast<std::size_t>(sinks(l));) {
      if (entries[i].repacked == 4 && entries[i].position != place) {
        entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(i));
        ++evicted;
        ++worn;
      } else {
        --place;
      }
    }
  }

  Plan plan_;

 public:
  std::vector<std::vector<NaiveEntry>> layers;
  std::int64_t tokens = 0, position = 0, evicted = 0, rebased = 0, worn = 0;
};

/// Checks that entry `i` of the view is `expected`, in every head: values bit for bit, keys too unless they were moved.
void check_entry(FakeModel& model, const View& view, int layer, std::int64_t i, const NaiveEntry& expected) {
  const Shape& shape = model.shape();
  const StreamShape& own = shape.layers[static_cast<std::size_t>(layer)];
  for (int head = 0; head < own.kv_heads; ++head) {
    const SeenEntry seen = see_entry(view, shape, layer, head, i);
    const auto value = through_storage(own.types.value, fake_vector(layer, head, expected.token, own.value_size, true));
    CHECK(seen.value == value);
    const auto exact = fake_key(model.rotation(), own, layer, head, expected.token, expected.position);
    if (!expected.moved) {
      CHECK(seen.key == through_storage(own.types.key, exact));
      continue;
    }
    // Packed once per move; each packing may lose half a unit of the type again.
    constexpr float kTolerances[] = {1e-5f, 1e-2f, 0.15f, 0.7f, 1.0f, 2.0f};
    const float tolerance = kTolerances[static_cast<int>(own.types.key)];
    float worst = 0;
    for (std::size_t d = 0; d < exact.size(); ++d) worst = std::max(worst, std::abs(seen.key[d] - exact[d]));
    CHECK(worst < tolerance);
  }
}

void check_layer(FakeModel& model, const NaiveCache& naive, int layer, Random& random) {
  const View view = model.cache().view(stream(layer));
  const auto& expected = naive.layers[static_cast<std::size_t>(layer)];
  REQUIRE(view.retained() == static_cast<std::int64_t>(expected.size()));
  REQUIRE(view.staged() == 0);
  const auto same = [](std::int64_t position, const NaiveEntry& entry) { return position == entry.position; };
  REQUIRE(std::equal(view.positions().begin(), view.positions().end(), expected.begin(), expected.end(), same));
  // Contents of a few entries: the first, the last and some between.
  for (int k = 0; k < 4 && !expected.empty(); ++k) {
    const std::int64_t last = view.retained() - 1;
    const std::int64_t i = k == 0 ? 0 : k == 1 ? last : random.pick(0, last);
    check_entry(model, view, layer, i, expected[static_cast<std::size_t>(i)]);
  }
}

/// Checks that ranges cover [0, entries) of each head without a gap, and contain what the single entries contain.
void check_ranges(const View& view, const Shape& shape, int layer) {
  const StreamShape& own = shape.layers[static_cast<std::size_t>(layer)];
  for (int head = 0; head < own.kv_heads; ++head) {
    int ranges = 0;
    for (std::int64_t first = 0; first < view.entries(); ++ranges) {
      const brim::kv::EntryRange range = view.range(head, first, view.entries());
      REQUIRE(range.count > 0);
      REQUIRE(first + range.count <= view.entries());
      bool same = true;
      for (std::int64_t e = 0; e < range.count; ++e) {
        const brim::kv::EntryRange one = view.range(head, first + e, first + e + 1);
        same = same && one.count == 1 && one.keys == range.keys + static_cast<std::size_t>(e) * range.key_stride &&
               one.values == range.values + static_cast<std::size_t>(e) * range.value_stride;
      }
      REQUIRE(same);
      first += range.count;
    }
    CHECK(ranges <= 3);
  }
}

Shape random_shape(Random& random) {
  Shape shape;
  shape.context = random.pick(1, 300);
  for (std::int64_t n = random.pick(1, 4); n > 0; --n) {
    shape.layers.push_back({static_cast<int>(random.pick(1, 3)), static_cast<int>(random.pick(1, 5)) * 8,
                            static_cast<int>(random.pick(1, 5)) * 8, random.pick(0, 2) == 0 ? random.pick(1, 320) : 0,
                            random.pick(0, 4) != 0});
  }
  store_at_random(shape, random);
  return shape;
}

}  // namespace

TEST_CASE("random shapes, budgets, types and chunkings: the naive cache's entries, within the budget at every step") {
  Random random(2026);
  std::int64_t evicting = 0, rebasing = 0, worn = 0;
  for (int round = 0; round < 700; ++round) {
    const Shape shape = random_shape(random);
    const Plan full = plan_of(shape, budget_full());
    const Plan plan = plan_of(shape, budget_of(random.pick(full.min_bytes, full.full_bytes + 64)));
    REQUIRE(!plan.quota.empty());
    FakeModel model(plan);
    REQUIRE(model.ok());
    Memory& cache = model.cache();
    NaiveCache naive(plan);
    std::int64_t peak = cache.bytes_used();
    const bool decodes = random.pick(0, 1) == 0;
    const std::int64_t until = random.pick(0, 3 * shape.context + 40);
    while (cache.tokens() < until) {
      const std::int64_t n = decodes && cache.tokens() > until / 2 ? 1 : random.pick(1, plan.chunk);
      const std::int64_t first = cache.tokens();
      const std::int64_t position = model.begin(n);
      REQUIRE(position + n <= shape.context);
      for (int layer = 0; layer < model.layers(); ++layer) {
        model.stage(layer, first, position, n);
        const View view = cache.view(stream(layer));
        REQUIRE(view.staged() == n);
        const auto positions = view.positions();
        REQUIRE(positions.size() == static_cast<std::size_t>(view.entries()));
        REQUIRE(std::adjacent_find(positions.begin(), positions.end(), std::greater_equal<>()) == positions.end());
        REQUIRE(view.positions().back() == position + n - 1);
        if (random.pick(0, 9) == 0) check_ranges(view, shape, layer);
        check_entry(model, view, layer, view.entries() - 1, {first + n - 1, position + n - 1});
        model.commit(layer);
        REQUIRE(cache.bytes_used() <= plan.budget_bytes);
        REQUIRE(cache.stats(stream(layer)).used <= plan.quota[static_cast<std::size_t>(layer)]);
        peak = std::max(peak, cache.bytes_used());
      }
      model.end();
      naive.read(n);
      REQUIRE(cache.tokens() == naive.tokens);
      REQUIRE(cache.next_position() == naive.position);
      REQUIRE(cache.evicted() == naive.evicted);
      REQUIRE(cache.rebased() == naive.rebased);
      for (int layer = 0; layer < model.layers(); ++layer) check_layer(model, naive, layer, random);
    }
    CHECK(cache.bytes_peak() == peak);
    CHECK(cache.bytes_peak() <= plan.budget_bytes);
    CHECK(model.guards_intact());
    evicting += cache.evicted() > 0;
    rebasing += cache.rebased() > 0;
    worn += naive.worn;
  }
  // The rounds must have tested something.
  CHECK(evicting > 250);
  CHECK(rebasing > 250);
  CHECK(worn > 250);
}

TEST_CASE("a cache of full size holds every token, and counts its bytes up to the whole budget") {
  const Plan plan = plan_of(fake_shape(3, 256), budget_full());
  FakeModel model(plan);
  REQUIRE(model.ok());
  const std::int64_t empty = model.cache().bytes_used();
  CHECK(empty < plan.budget_bytes);
  model.read(256);
  CHECK(model.cache().evicted() == 0);
  CHECK(model.cache().rebased() == 0);
  CHECK(model.cache().bytes_used() == plan.budget_bytes);
  for (int layer = 0; layer < 3; ++layer) {
    CHECK(model.cache().stats(stream(layer)).used == 256);
    CHECK(model.cache().stats(stream(layer)).quota == 256);
  }
  model.cache().clear();
  CHECK(model.cache().bytes_used() == empty);
  CHECK(model.cache().bytes_peak() == plan.budget_bytes);
}

TEST_CASE("slot is not position: after an eviction the cache knows where each entry stood") {
  const Plan plan = plan_with_quota(fake_shape(2, 512), 64);
  REQUIRE(!plan.quota.empty());
  FakeModel model(plan);
  model.read(200);
  const View view = model.cache().view(stream(0));
  REQUIRE(view.retained() >= 48);
  for (std::size_t i = 0; i < 4; ++i) CHECK(view.positions()[i] == static_cast<std::int64_t>(i));
  CHECK(view.positions()[4] > 100);
  CHECK(view.positions().back() == 199);
}

TEST_CASE("sinks and the newest token are never dropped, however long the input") {
  for (const std::int64_t quota : {16, 32, 64}) {
    const Plan plan = plan_with_quota(fake_shape(2, 400, KvType::q8_0), quota);
    REQUIRE(!plan.quota.empty());
    FakeModel model(plan);
    Random random(static_cast<std::uint64_t>(quota));
    const auto sinks = static_cast<std::size_t>(std::min<std::int64_t>(4, quota / 8));
    while (model.cache().tokens() < 4000) {
      const std::int64_t n = random.pick(1, random.pick(0, 1) == 0 ? 1 : plan.chunk);
      model.read_chunk(n);
      for (int layer = 0; layer < 2; ++layer) {
        const View view = model.cache().view(stream(layer));
        for (std::size_t i = 0; i < sinks; ++i) {
          REQUIRE(view.positions()[i] == static_cast<std::int64_t>(i));
          const auto sink = static_cast<std::int64_t>(i);
          check_entry(model, view, layer, sink, {sink, sink});
        }
        REQUIRE(view.positions().back() == model.cache().next_position() - 1);
        check_entry(model, view, layer, view.retained() - 1,
                    {model.cache().tokens() - 1, model.cache().next_position() - 1});
      }
    }
    CHECK(model.cache().rebased() > 0);
  }
}

TEST_CASE("a layer with a window holds exactly its window, and that is not an eviction") {
  Shape shape = fake_shape(3, 1024, KvType::f16);
  shape.layers[1].window = 50;
  const Plan plan = plan_of(shape, budget_full());
  FakeModel model(plan);
  Random random(5);
  while (model.cache().tokens() < 900) {
    model.read_chunk(random.pick(1, 120));
    const View view = model.cache().view(stream(1));
    const std::int64_t tokens = model.cache().tokens();
    REQUIRE(view.retained() == std::min<std::int64_t>(tokens, 50));
    for (std::int64_t i = 0; i < view.retained(); ++i) {
      REQUIRE(view.positions()[static_cast<std::size_t>(i)] == tokens - view.retained() + i);
    }
    REQUIRE(model.cache().view(stream(0)).retained() == tokens);
  }
  CHECK(model.cache().evicted() == 0);
}

TEST_CASE("the same input in the same chunks gives the same bytes of memory") {
  const Plan plan = plan_with_quota(fake_shape(2, 300, KvType::f16), 96);
  REQUIRE(!plan.quota.empty());
  FakeModel one(plan), two(plan);
  for (FakeModel* model : {&one, &two}) {
    Random random(9);
    while (model->cache().tokens() < 2000) model->read_chunk(random.pick(1, plan.chunk));
  }
  CHECK(std::equal(one.memory().begin(), one.memory().end(), two.memory().begin()));
}

TEST_CASE("a budget of full and a budget far beyond it store the same bytes; chunking does not matter until eviction") {
  const Shape shape = fake_shape(2, 200, KvType::q8_0, 3, 48);
  FakeModel full(plan_of(shape, budget_full())), beyond(plan_of(shape, budget_of(std::int64_t{1} << 40)));
  full.read(180);
  beyond.read(180);
  REQUIRE(full.memory().size() == beyond.memory().size());
  CHECK(std::equal(full.memory().begin(), full.memory().end(), beyond.memory().begin()));

  FakeModel single(plan_of(shape, budget_full()));
  for (int i = 0; i < 180; ++i) single.read_chunk(1);
  for (int layer = 0; layer < 2; ++layer) {
    const View a = full.cache().view(stream(layer)), b = single.cache().view(stream(layer));
    REQUIRE(a.retained() == b.retained());
    for (std::int64_t i = 0; i < a.retained(); ++i) {
      for (int head = 0; head < 3; ++head) {
        CHECK(see_entry(a, shape, layer, head, i).key == see_entry(b, shape, layer, head, i).key);
        CHECK(see_entry(a, shape, layer, head, i).value == see_entry(b, shape, layer, head, i).value);
      }
    }
  }
}

TEST_CASE("grouped heads are stored once: no copy per query head") {
  // 2 KV heads whatever the number of query heads: an entry is 2 · (16 + 16) floats and its metadata.
  const Plan plan = plan_of(fake_shape(1, 4096), budget_full());
  CHECK(plan.pool_bytes == 4096 * 2 * 32 * 4);
}

TEST_CASE("memory or a plan that cannot be right is refused") {
  const Plan plan = plan_of(fake_shape(2, 64), budget_full());
  alignas(64) static std::byte memory[1 << 16];
  const auto bytes = static_cast<std::size_t>(plan.budget_bytes);
  REQUIRE(bytes + 64 <= sizeof memory);
  CHECK(Memory::create(plan, {memory, bytes}, brim::kernels::active(), nullptr).ok());
  CHECK(!Memory::create(plan, {memory, bytes - 1}, brim::kernels::active(), nullptr).ok());
  CHECK(!Memory::create(plan, {memory + 8, bytes}, brim::kernels::active(), nullptr).ok());
  Plan greedy = plan;
  greedy.quota[0] += 1600;
  CHECK(!Memory::create(greedy, {memory, bytes}, brim::kernels::active(), nullptr).ok());
  CHECK(!Memory::create(Plan{}, {memory, bytes}, brim::kernels::active(), nullptr).ok());
}

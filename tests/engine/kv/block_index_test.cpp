// Blocks inside the cache: whatever happens to entries, each layer's blocks consist of existing entries, in order,
// there are no more blocks than the plan reserved memory for, and their boxes enclose the keys that are there.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/kv/layout.hpp"
#include "tests/engine/kv/fake_model.hpp"
#include "tests/support/allocation_count.hpp"
#include "tests/support/policies.hpp"

using namespace brim::test;
using brim::kernels::KvType;
using brim::kv::Block;
using brim::kv::Memory;
using brim::kv::Plan;
using brim::kv::Reading;
using brim::kv::Shape;

namespace {

Plan block_plan(const Shape& shape, const brim::kv::BudgetRequest& request, const std::string& keep, bool sparse,
                const std::string& split = "uniform") {
  const auto plan =
      brim::test::make_plan(shape, request, std::int64_t{1} << 40, split, keep, {}, Reading{sparse, 0.25});
  return plan ? *plan : Plan{};
}

/// Attention as the model would report it: every seventh token gets attention, later ones more.
void add_attention_rows(FakeModel& model, int layer, std::int64_t n) {
  if (!model.cache().needs().accumulated_attention()) return;
  const auto positions = model.cache().view(stream(layer)).positions();
  std::vector<float> accumulated;
  for (const std::int64_t position : positions) {
    accumulated.push_back(position % 7 == layer ? 1.0f + 0.001f * static_cast<float>(position) : 0.01f);
  }
  model.add_attention(layer, accumulated, std::min<std::int64_t>(n, 32));
}

/// What the model would report of single queries: it follows from the places of query and entry alone.
void teach(FakeModel& model, int layer, std::int64_t n) {
  for (std::int64_t token = 0; token < n; ++token) {
    if (!model.chunk().observes(token)) continue;
    const brim::kv::View view = model.cache().view(stream(layer));
    const std::int64_t query = view.retained() + token;
    std::vector<float> attention(static_cast<std::size_t>(view.entries()), 0.0f);
    for (std::int64_t entry = 0; entry <= query; ++entry) {
      const std::int64_t position = view.positions()[static_cast<std::size_t>(entry)];
      attention[static_cast<std::size_t>(entry)] = static_cast<float>(1 + (position * 31 + layer) % 13);
    }
    model.chunk().learn(stream(layer), token, attention);
  }
}

void read_chunk(FakeModel& model, std::int64_t n, double statistic = 0) {
  model.read_chunk(n, [&](int layer) {
    add_attention_rows(model, layer, n);
    teach(model, layer, n);
    if (n >= brim::kv::kStatisticQueries) model.observe(layer, layer == 0 ? statistic : 0.3);
  });
}

void check_blocks(FakeModel& model) {
  const Memory& cache = model.cache();
  for (int layer = 0; layer < model.layers(); ++layer) {
    const brim::kv::View view = cache.view(stream(layer));
    const std::span<const Block> blocks = cache.blocks(stream(layer));
    REQUIRE(static_cast<std::int64_t>(blocks.size()) <=
            brim::kv::max_blocks(view.retained(), cache.plan().needs.block_size));
    std::int64_t entry = 0;
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      REQUIRE(blocks[b].length > 0);
      if (cache.rebased() == 0) {  // a position is the token's place
        const auto first = static_cast<std::size_t>(entry),
                   last = first + static_cast<std::size_t>(blocks[b].length) - 1;
        REQUIRE(view.positions()[first] >= blocks[b].start);
        if (b + 1 < blocks.size()) REQUIRE(view.positions()[last] < blocks[b + 1].start);
      }
      entry += blocks[b].length;
    }
    REQUIRE(entry == view.retained());
  }
}

/// The largest distance of a stored box from one that is computed again.
double check_boxes(FakeModel& model) {
  double worst = 0;
  for (int layer = 0; layer < model.layers(); ++layer) {
    const brim::kv::StreamShape& own = model.shape().layers[static_cast<std::size_t>(layer)];
    const brim::kv::View view = model.cache().view(stream(layer));
    const auto blocks = model.cache().blocks(stream(layer));
    for (int head = 0; head < own.kv_heads; ++head) {
      const std::byte* stored = model.cache().block_boxes(stream(layer), head);
      REQUIRE((stored != nullptr) == (own.window == 0));
      if (stored == nullptr) continue;
      std::int64_t entry = 0;
      for (std::size_t b = 0; b + 1 < blocks.size(); ++b) {
        const auto size = static_cast<std::size_t>(own.key_size);
        std::vector<double> low(size, 1e30), high(size, -1e30);
        for (std::int64_t i = 0; i < blocks[b].length; ++i) {
          const SeenEntry seen = see_entry(view, model.shape(), layer, head, entry++);
          for (std::size_t d = 0; d < size; ++d) {
            low[d] = std::min(low[d], double{seen.key[d]});
            high[d] = std::max(high[d], double{seen.key[d]});
          }
        }
        std::vector<float> found(2 * size);
        brim::kernels::active().unpack_kv[static_cast<int>(KvType::f16)](
            stored + b * brim::kernels::kv_vector_bytes(KvType::f16, 2 * own.key_size), 2 * own.key_size, found.data());
        for (std::size_t d = 0; d < size; ++d) {
          worst = std::max(worst, std::abs((low[d] + high[d]) / 2 - double{found[d]}));
          worst = std::max(worst, std::abs((high[d] - low[d]) / 2 - double{found[size + d]}));
        }
      }
    }
  }
  return worst;
}

/// The weights of cuts before the last 200 tokens.
std::vector<float> weights(FakeModel& model) {
  std::vector<float> found;
  for (std::int64_t place = model.cache().tokens() - 200; place < model.cache().tokens(); ++place)
    found.push_back(model.cache().document().weight_before(place));
  return found;
}

/// The complete state of the blocks of a cache.
std::vector<std::int64_t> picture(const FakeModel& model, Memory& cache) {
  std::vector<std::int64_t> numbers{cache.tokens(), cache.document().open()};
  for (int layer = 0; layer < model.layers(); ++layer) {
    for (const Block& block : cache.blocks(stream(layer)))
      numbers.insert(numbers.end(), {layer, block.start, block.length});
  }
  return numbers;
}

}  // namespace

TEST_CASE("every rule, with and without boxes: blocks, boxes, budget and guards hold through everything") {
  Random random(31);
  int evicted = 0, rebased = 0;
  for (int round = 0; round < 60; ++round) {
    Shape shape;
    shape.context = random.pick(0, 2) == 0 ? random.pick(80, 400) : 4000;
    for (std::int64_t n = random.pick(1, 3); n > 0; --n) {
      shape.layers.push_back({static_cast<int>(random.pick(1, 3)), static_cast<int>(random.pick(1, 3)) * 16, 16,
                              random.pick(0, 4) == 0 ? random.pick(30, 200) : 0, random.pick(0, 3) != 0});
    }
    store_at_random(shape, random);
    const char* const rules[] = {"dynsplit", "window", "snapkv", "distinct"};
    const std::string keep = rules[random.pick(0, 3)];
    const bool sparse = keep != "dynsplit" || random.pick(0, 1) == 1;
    const char* const split = random.pick(0, 1) == 0 ? "uniform" : "zigzag";
    const Plan plan = block_plan(shape, budget_share(static_cast<double>(random.pick(6, 100))), keep, sparse, split);
    if (plan.quota.empty()) continue;
    INFO("round ", round, ", ", keep, ", ", split, ", context ", shape.context, ", size ", plan.needs.block_size);
    FakeModel model(plan);
    REQUIRE(model.ok());
    for (int step = 0; step < 80; ++step) {
      read_chunk(model, random.pick(0, 2) > 0 ? 1 : random.pick(1, plan.chunk), std::abs(random.unit()));
      if (random.pick(0, 15) == 0) model.cache().truncate(model.cache().tokens() - random.pick(0, 30));
      check_blocks(model);
      REQUIRE(model.cache().bytes_used() <= plan.budget_bytes);
    }
    if (sparse) CHECK(check_boxes(model) < 2e-3);
    evicted += model.cache().evicted() > 0;
    rebased += model.cache().rebased() > 0;
    CHECK(model.cache().bytes_peak() <= plan.budget_bytes);
    CHECK(model.guards_intact());
    model.cache().clear();
    read_chunk(model, 1);
    check_blocks(model);
  }
  CHECK(evicted > 20);
  CHECK(rebased > 5);
}

TEST_CASE("dynsplit evicts whole blocks, but for one at the edge of the quota") {
  const Plan plan = block_plan(fake_shape(1, 8000), budget_share(6), "dynsplit", false);
  REQUIRE(!plan.quota.empty());
  FakeModel model(plan);
  REQUIRE(model.ok());
  for (int step = 0; step < 40; ++step) {
    const auto before = model.cache().blocks(stream(0));
    const std::vector<Block> old(before.begin(), before.end());
    const std::int64_t evicted = model.cache().evicted();
    model.read_chunk(plan.chunk, [&](int layer) {
      // A different accumulated attention for each block of the document: the entries of one block have the same.
      std::vector<float> accumulated;
      for (const std::int64_t position : model.cache().view(stream(layer)).positions()) {
        std::int64_t start = 0;
        for (const Block& block : old) start = block.start <= position ? block.start : start;
        accumulated.push_back(static_cast<float>((start * 7919) % 101));
      }
      model.add_attention(layer, accumulated, 32);
    });
    CHECK(model.cache().view(stream(0)).retained() <= plan.quota[0]);
    if (model.cache().evicted() == evicted) continue;
    int partial = 0;
    std::size_t place = 0;
    const auto now = model.cache().blocks(stream(0));
    for (std::size_t i = 0; i + 1 < old.size(); ++i) {  // without the open block
      std::int64_t left = 0;
      for (const Block& block : now) left += block.start == old[i].start ? block.length : 0;
      const bool forced = i == 0;
      partial += !forced && left > 0 && left < old[i].length;
      place += left > 0;
    }
    CHECK(partial <= 1);
    CHECK(place > 0);
  }
  CHECK(model.cache().evicted() > 1000);
}

TEST_CASE("weights are learned wherever blocks are used, and dropped with the text") {
  const Shape shape = fake_shape(2, 4000);
  for (const Plan& plan :
       {block_plan(shape, budget_share(10), "dynsplit", false), block_plan(shape, budget_share(10), "window", true),
        block_plan(shape, budget_full(), "window", true)}) {
    REQUIRE(!plan.quota.empty());
    CHECK(plan.learns_delimiters());
    FakeModel model(plan), unlearned(plan);
    for (int i = 0; i < 10; ++i) read_chunk(model, plan.chunk);
    unlearned.read(model.cache().tokens());
    CHECK(weights(model) != weights(unlearned));
    model.cache().clear();
    model.read(unlearned.cache().tokens());
    CHECK(weights(model) == weights(unlearned));
    CHECK(picture(model, model.cache()) == picture(model, unlearned.cache()));
  }
  // Where blocks decide nothing, or are cut without regard to what was learned, no query is observed.
  const auto cut = [&](brim::kv::Cutting cutting) {
    return *brim::test::make_plan(shape, budget_full(), 0, "uniform", "window", {}, Reading{true, 0.25, cutting});
  };
  for (const Plan& plan : {block_plan(shape, budget_full(), "dynsplit", false), cut(brim::kv::Cutting::priors),
                           cut(brim::kv::Cutting::fixed)}) {
    CHECK(!plan.learns_delimiters());
    FakeModel model(plan);
    model.begin(64);
    for (std::int64_t token = 0; token < 64; ++token) CHECK(!model.chunk().observes(token));
  }
  CHECK(cut(brim::kv::Cutting::fixed).needs.block_size == brim::kv::kFixedBlockSize);
}

TEST_CASE("neither chunks nor going back change what is learned of a whole cache, nor where it is cut") {
  const Plan plan = block_plan(fake_shape(2, 3000, KvType::f32), budget_full(), "window", true);
  REQUIRE(!plan.quota.empty());
  const auto read_to = [&](FakeModel& model, std::int64_t end, std::int64_t max) {
    while (model.cache().tokens() < end) read_chunk(model, std::min(max, end - model.cache().tokens()));
  };
  FakeModel whole(plan);
  read_to(whole, 900, plan.chunk);
  const auto learned = weights(whole);
  const auto blocks = picture(whole, whole.cache());
  for (const std::int64_t max : {1, 7, 32, 100}) {
    FakeModel pieces(plan);
    read_to(pieces, 900, max);
    CHECK(weights(pieces) == learned);
    CHECK(picture(pieces, pieces.cache()) == blocks);
    CHECK(check_boxes(pieces) < 2e-3);
  }
  for (const std::int64_t count : {10, 400, 770, 899}) {
    FakeModel back(plan);
    read_to(back, 900, plan.chunk);
    REQUIRE(back.cache().truncate(count));
    read_to(back, 900, 50);
    CHECK(weights(back) == learned);
    CHECK(picture(back, back.cache()) == blocks);
  }
  // A chunk that is abandoned leaves no trace.
  whole.begin(200);
  whole.stage(0, 900, whole.cache().next_position(), 200);
  teach(whole, 0, 200);
  whole.commit(0);
  whole.abandon();
  CHECK(weights(whole) == learned);
  CHECK(picture(whole, whole.cache()) == blocks);
  FakeModel unlearned(plan);
  unlearned.read(900);
  CHECK(weights(unlearned) != learned);
}

TEST_CASE("blocks cost what the plan says: the budget is not passed by a byte, and only those that ask pay") {
  const Shape shape = fake_shape(2, 2000, KvType::f16, 2, 32);
  const Plan none = plan_of(shape, budget_share(20)),
             blocks = block_plan(shape, budget_of(none.budget_bytes), "window", true);
  CHECK(none.needs.block_size == 0);
  REQUIRE(blocks.needs.block_size > 0);
  CHECK(blocks.metadata_bytes > none.metadata_bytes);
  CHECK(blocks.quota[0] < none.quota[0]);
  CHECK(blocks.pool_bytes + blocks.metadata_bytes + blocks.staging_bytes <= blocks.budget_bytes);
  brim::kv::Needs needs;
  CHECK(brim::kv::block_share_bytes(shape.layers[0], needs) == 0);
  needs.block_size = 64;
  CHECK(brim::kv::block_share_bytes(shape.layers[0], needs) == 1);  // a block of 16 bytes for 32 entries
  needs.block_boxes = true;
  CHECK(brim::kv::block_share_bytes(shape.layers[0], needs) == 9);  // with 2 · 2 · 32 halves
}

TEST_CASE("going back leaves what reading only that far leaves, blocks and their boxes included") {
  const Plan plan = block_plan(fake_shape(2, 900, KvType::f32), budget_full(), "window", true);
  REQUIRE(!plan.quota.empty());
  for (const std::int64_t count : {1, 50, 77, 300, 512, 699}) {
    FakeModel longer(plan), shorter(plan);
    longer.read(700);
    shorter.read(count);
    REQUIRE(longer.cache().truncate(count));
    CHECK(picture(longer, longer.cache()) == picture(shorter, shorter.cache()));
    longer.read(60);
    shorter.read(60);
    CHECK(picture(longer, longer.cache()) == picture(shorter, shorter.cache()));
    CHECK(check_boxes(longer) < 2e-3);
    longer.begin(20);
    longer.stage(0, longer.cache().tokens(), longer.cache().next_position(), 20);
    longer.commit(0);
    longer.abandon();
    CHECK(!longer.cache().stale());
    CHECK(picture(longer, longer.cache()) == picture(shorter, shorter.cache()));
  }
}

TEST_CASE("a lone token that reads sparsely may not be drafted ahead of") {
  const Plan sparse = block_plan(fake_shape(2, 400), budget_full(), "window", true);
  FakeModel model(sparse);
  model.read(50);
  CHECK(model.cache().draft_room() == 1);
}

TEST_CASE("blocks allocate nothing after create") {
  const Plan plan = block_plan(fake_shape(2, 300, KvType::f16, 2, 32), budget_share(40), "dynsplit", true);
  REQUIRE(!plan.quota.empty());
  FakeModel model(plan);
  Memory& cache = model.cache();
  const std::vector<float> values(static_cast<std::size_t>(plan.chunk) * 2 * 32, 0.25f), accumulated_all(2000, 0.5f);
  const std::vector<std::int32_t> ids(static_cast<std::size_t>(plan.chunk), 1);
  const std::size_t before = allocation_count();
  for (int step = 0; step < 500; ++step) {
    const std::int64_t n = step < 20 ? plan.chunk : 1;
    brim::kv::Chunk chunk = cache.begin(n, std::span(ids).first(static_cast<std::size_t>(n)));
    for (const brim::kv::StreamId id : brim::kv::ids_up_to<brim::kv::StreamId>(2)) {
      chunk.stage(id, side_by_side(plan.shape.at(id), values.data(), values.data()));
      const auto attention = std::span(accumulated_all).first(static_cast<std::size_t>(chunk.view(id).entries()));
      chunk.add_attention(id, attention, n);
      for (std::int64_t token = 0; token < n; ++token) {
        if (chunk.observes(token)) chunk.learn(id, token, attention);
      }
      chunk.commit(id);
    }
    chunk.end();
  }
  const std::size_t after = allocation_count();
  CHECK(after == before);
  CHECK(cache.evicted() > 0);
}

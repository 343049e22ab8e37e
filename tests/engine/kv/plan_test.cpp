// The arithmetic of the budget, at its edges.
#include "engine/kv/plan.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "engine/kv/layout.hpp"
#include "engine/kv/profile.hpp"
#include "tests/engine/kv/fake_model.hpp"
#include "tests/support/policies.hpp"

using namespace brim::test;
using brim::ErrorCode;
using brim::kernels::KvType;
using brim::kv::bytes_per_token;
using brim::kv::kGranuleEntries;
using brim::kv::Plan;
using brim::kv::Shape;
using brim::kv::StreamShape;
using brim::test::make_plan;

namespace {

constexpr std::int64_t kPlenty = std::int64_t{1} << 50;

Shape llama_1b(std::int64_t context) { return fake_shape(16, context, KvType::f16, 8, 64); }

/// The properties that every plan has; counts violations.
void check_plan(const Plan& plan) {
  const std::int64_t copies = plan.checkpoints * plan.window_bytes;
  CHECK(plan.pool_bytes + plan.metadata_bytes + plan.staging_bytes + copies <= plan.budget_bytes);
  CHECK((plan.budget_bytes <= plan.full_bytes || plan.checkpoints > 0));
  CHECK(plan.budget_bytes >= plan.min_bytes);
  CHECK(plan.chunk >= 1);
  CHECK(plan.chunk <= brim::kv::kLargestChunk);
  CHECK((plan.chunk & (plan.chunk - 1)) == 0);
  CHECK((plan.chunk >= brim::kv::kSmallestChunk || plan.shape.context < 64));
  CHECK((plan.chunk == 1 || plan.chunk * 4 <= plan.shape.context));
  CHECK((plan.staging_bytes <= plan.budget_bytes / 8 || plan.chunk <= brim::kv::kSmallestChunk));
  std::int64_t granules = 0, pool = 0;
  REQUIRE(plan.quota.size() == plan.shape.layers.size());
  for (std::size_t i = 0; i < plan.quota.size(); ++i) {
    const StreamShape& layer = plan.shape.layers[i];
    const std::int64_t need = brim::kv::useful_entries(layer, plan.shape.context);
    CHECK(plan.quota[i] >= std::min<std::int64_t>(kGranuleEntries, need));
    CHECK(plan.quota[i] <= need);
    CHECK((plan.quota[i] % kGranuleEntries == 0 || plan.quota[i] == need));
    const std::int64_t pages = (plan.quota[i] + kGranuleEntries - 1) / kGranuleEntries;
    granules += pages * layer.kv_heads;
    pool += pages * kGranuleEntries * brim::kv::data_bytes(layer);
  }
  CHECK(plan.granules == granules);
  CHECK(plan.pool_bytes == pool);
}

}  // namespace

TEST_CASE("bytes per token: K and V of all heads and layers, and 16 bytes of position and index a layer") {
  CHECK(bytes_per_token(llama_1b(4096)) == 16 * (8 * 64 * 2 * 2 + 16));
  // A short last block of q8_0 counts its scale: 48 values are two blocks.
  Shape odd = fake_shape(1, 100, KvType::q8_0, 3, 48);
  CHECK(bytes_per_token(odd) == 3 * 2 * (48 + 2 * 2) + 16);
  odd.layers[0].value_size = 80;
  CHECK(bytes_per_token(odd) == 3 * (48 + 4 + 80 + 6) + 16);
}

TEST_CASE("full: every layer's need, metadata, staging and scratch") {
  const Plan plan = plan_of(llama_1b(4096), budget_full());
  check_plan(plan);
  CHECK(plan.budget_bytes == plan.full_bytes);
  CHECK(plan.quota == std::vector<std::int64_t>(16, 4096));
  CHECK(plan.chunk == 512);
  CHECK(plan.staging_bytes == 512 * 8 * 64 * 2 * 2);
  CHECK(plan.granule_bytes == 16 * 64 * 2 * 2);
  CHECK(plan.granules == 16 * 8 * 256);
  CHECK(plan.pool_bytes == std::int64_t{4096} * 16 * 2048);
  CHECK(plan.pool_bytes + plan.metadata_bytes + plan.staging_bytes == plan.full_bytes);
  // Metadata and scratch are small: under 1.5 % here.
  CHECK(plan.metadata_bytes < plan.pool_bytes * 15 / 1000);
}

TEST_CASE("a budget of full bytes, or more, is the same plan as full") {
  for (const std::int64_t context : {1, 5, 16, 17, 100, 512, 4096}) {
    for (const int layers : {1, 2, 7}) {
      const Shape shape = fake_shape(layers, context);
      const Plan full = plan_of(shape, budget_full());
      check_plan(full);
      for (const auto& request : {budget_of(full.full_bytes), budget_of(kPlenty), budget_share(100),
                                  budget_of(std::numeric_limits<std::int64_t>::max())}) {
        const Plan same = plan_of(shape, request);
        CHECK(same.budget_bytes == full.budget_bytes);
        CHECK(same.quota == full.quota);
        CHECK(same.chunk == full.chunk);
      }
    }
  }
}

TEST_CASE("a budget of one byte too few is refused with both numbers, and the least one works") {
  for (const std::int64_t context : {1, 16, 33, 512, 100000}) {
    for (const int layers : {1, 3, 40}) {
      const Shape shape = fake_shape(layers, context, KvType::q8_0, 3, 48);
      const auto refused = make_plan(shape, budget_of(1), kPlenty, "uniform", "window");
      REQUIRE(!refused.ok());
      CHECK(refused.error().code == ErrorCode::out_of_memory);
      CHECK(refused.error().sentence.find("(1 bytes)") != std::string::npos);
      const std::int64_t min = plan_of(shape, budget_full()).min_bytes;
      CHECK(refused.error().sentence.find(std::to_string(min)) != std::string::npos);
      CHECK(!make_plan(shape, budget_of(min - 1), kPlenty, "uniform", "window").ok());
      const auto made = make_plan(shape, budget_of(min), kPlenty, "uniform", "window");
      REQUIRE(made.ok());
      check_plan(*made);
      CHECK(!make_plan(shape, budget_of(0), kPlenty, "uniform", "window").ok());
      CHECK(!make_plan(shape, budget_of(-5), kPlenty, "uniform", "window").ok());
    }
  }
}

TEST_CASE("percentages are of full, and small ones of a small context still work") {
  const Shape shape = fake_shape(8, 512, KvType::f16, 4, 64);
  const Plan full = plan_of(shape, budget_full());
  for (const double percent : {50.0, 40.0, 25.0, 20.0, 12.5, 6.25}) {
    const Plan plan = plan_of(shape, budget_share(percent));
    REQUIRE(!plan.quota.empty());
    check_plan(plan);
    CHECK(plan.budget_bytes == static_cast<std::int64_t>(static_cast<double>(full.full_bytes) * percent / 100));
  }
  const auto refused = make_plan(shape, budget_share(0.5), kPlenty, "uniform", "window");
  REQUIRE(!refused.ok());
  CHECK(refused.error().sentence.find("0.5%") != std::string::npos);
  CHECK(!make_plan(shape, budget_share(0), kPlenty, "uniform", "window").ok());
  CHECK(!make_plan(shape, budget_share(101), kPlenty, "uniform", "window").ok());
  CHECK(!make_plan(shape, budget_share(std::nan("")), kPlenty, "uniform", "window").ok());
}

TEST_CASE("automatic: the bytes of 16384 tokens or what the machine has, whichever is less") {
  const brim::kv::BudgetRequest automatic;
  const auto plan = [&](std::int64_t context, std::int64_t available) {
    return make_plan(llama_1b(context), automatic, available, "uniform", "window");
  };
  CHECK(plan(131072, kPlenty)->budget_bytes == plan_of(llama_1b(16384), budget_full()).full_bytes);
  CHECK(plan(4096, kPlenty)->budget_bytes == plan(4096, kPlenty)->full_bytes);
  CHECK(plan(131072, 64 << 20)->budget_bytes == 64 << 20);
  REQUIRE(!plan(131072, 1000).ok());
  CHECK(plan(131072, 1000).error().code == ErrorCode::out_of_memory);
  CHECK(plan(131072, 1000).error().sentence.find("(1000 bytes)") != std::string::npos);
  CHECK(!plan(131072, -1).ok());
}

TEST_CASE("a 16 MiB budget for a model of 1B shape is spent on entries") {
  const Plan plan = plan_of(llama_1b(131072), budget_of(16 << 20));
  check_plan(plan);
  const std::int64_t spent = plan.pool_bytes + plan.metadata_bytes + plan.staging_bytes;
  CHECK(plan.budget_bytes - spent < 16 * (8 * 256 + 16));  // less than one granule of all heads
  CHECK(plan.pool_bytes > plan.budget_bytes * 85 / 100);
}

TEST_CASE("sliding-window layers get their window and no more; the rest goes to the others") {
  Shape shape = fake_shape(6, 8192, KvType::f16, 2, 64);
  for (const std::size_t i : {0u, 1u, 3u, 4u}) shape.layers[i].window = 100;
  const Plan full = plan_of(shape, budget_full());
  check_plan(full);
  CHECK(full.quota == std::vector<std::int64_t>{100, 100, 8192, 100, 100, 8192});
  const Plan half = plan_of(shape, budget_share(50));
  check_plan(half);
  CHECK(half.quota[0] == 100);
  CHECK(half.quota[2] > 3000);
  const Plan small = plan_of(shape, budget_of(full.min_bytes + full.min_bytes / 2));
  check_plan(small);
  CHECK(small.quota[0] <= 100);
  // A window as long as the context, or longer, has no effect.
  shape.layers[0].window = 8192;
  shape.layers[1].window = std::numeric_limits<std::int64_t>::max();
  CHECK(plan_of(shape, budget_full()).quota[0] == 8192);
  CHECK(plan_of(shape, budget_full()).quota[1] == 8192);
}

TEST_CASE("layers of different head sizes cost what they are, not what the largest is") {
  Shape shape = fake_shape(2, 1024, KvType::f16, 2, 64);
  shape.layers[1] = StreamShape{1, 256, 128, 0, false};
  const Plan plan = plan_of(shape, budget_full());
  check_plan(plan);
  CHECK(plan.pool_bytes == 1024 * (2 * 256 + 1 * 768));
  CHECK(plan.granule_bytes == 16 * 768);
  CHECK(plan.staging_bytes == plan.chunk * 768);
}

TEST_CASE("shapes and names that are refused") {
  const auto refuse = [](const Shape& shape, const std::string& split, const std::string& keep) {
    const auto plan = make_plan(shape, budget_full(), kPlenty, split, keep);
    REQUIRE(!plan.ok());
    CHECK(plan.error().code == ErrorCode::invalid_argument);
    return plan.error().sentence;
  };
  CHECK(refuse(fake_shape(2, 64), "depths", "window").find("uniform") != std::string::npos);
  CHECK(refuse(fake_shape(2, 64), "uniform", "\x1b[2J").find("window") != std::string::npos);
  CHECK(refuse(fake_shape(2, 64), "uniform", "\x1b[2J").find('\x1b') == std::string::npos);
  refuse(fake_shape(0, 64), "uniform", "window");
  refuse(fake_shape(2, 0), "uniform", "window");
  refuse(fake_shape(2, -1), "uniform", "window");
  CHECK(refuse(fake_shape(2, std::int64_t{1} << 31), "uniform", "window").find("2147483647") != std::string::npos);
  refuse(fake_shape(2, std::numeric_limits<std::int64_t>::max()), "uniform", "window");
  refuse(fake_shape(2, 64, KvType::f32, 0), "uniform", "window");
  refuse(fake_shape(2, 64, KvType::f32, 1, 0), "uniform", "window");
  refuse(fake_shape(2, 64, KvType::f32, 1, 16, -1), "uniform", "window");
}

TEST_CASE("numbers beyond counting end in a sentence, or in a plan that fits its budget") {
  const int huge = std::numeric_limits<int>::max();
  for (const KvType type : {KvType::f32, KvType::f16, KvType::q8_0, KvType::q4_0}) {
    const Shape monster = fake_shape(1000, brim::kv::kLargestContext, type, huge, huge);
    for (const auto& request : {budget_full(), budget_share(50), budget_of(kPlenty), brim::kv::BudgetRequest{}}) {
      const auto plan = make_plan(monster, request, kPlenty, "uniform", "window");
      REQUIRE(!plan.ok());
      CHECK(plan.error().code == ErrorCode::out_of_memory);
    }
    CHECK(bytes_per_token(monster) > 0);
  }
  const Shape endless = fake_shape(64, brim::kv::kLargestContext, KvType::f16, 128, 256);
  const auto plan = make_plan(endless, budget_of(std::int64_t{1} << 33), kPlenty, "uniform", "window");
  REQUIRE(plan.ok());
  check_plan(*plan);
}

TEST_CASE("thousands of random shapes and budgets: the parts never exceed the budget, and nearly fill it") {
  Random random(42);
  int made = 0;
  for (int round = 0; round < 6000; ++round) {
    Shape shape;
    shape.context = random.pick(1, 2000);
    const bool alike = random.pick(0, 1) == 0;
    for (std::int64_t n = random.pick(1, 9); n > 0; --n) {
      StreamShape layer{static_cast<int>(random.pick(1, 5)), static_cast<int>(random.pick(1, 40)) * 4,
                        static_cast<int>(random.pick(1, 40)) * 4, random.pick(0, 2) == 0 ? random.pick(1, 2500) : 0,
                        true};
      if (alike && !shape.layers.empty()) layer = shape.layers[0];
      shape.layers.push_back(layer);
    }
    store_at_random(shape, random);
    const Plan full = plan_of(shape, budget_full());
    REQUIRE(!full.quota.empty());
    const std::int64_t bytes = random.pick(full.min_bytes / 2, full.full_bytes + 1000);
    const auto plan = make_plan(shape, budget_of(bytes), kPlenty, "uniform", "window");
    REQUIRE(plan.ok() == (bytes >= full.min_bytes));
    if (!plan) continue;
    ++made;
    check_plan(*plan);
    CHECK(plan->budget_bytes <= bytes);
    // What is left over is less than a granule of the largest layer with its scratch.
    if (plan->quota == full.quota) continue;
    std::int64_t granule = 0;
    for (const brim::kv::LayerNeed& layer : plan->layers) {
      granule = std::max(granule, kGranuleEntries * layer.entry_bytes);
    }
    const std::int64_t spent =
        plan->pool_bytes + plan->metadata_bytes + plan->staging_bytes + plan->checkpoints * plan->window_bytes;
    CHECK(plan->budget_bytes - spent <= granule + kGranuleEntries * 24 + 4 * 64);
  }
  CHECK(made > 3000);
}

TEST_CASE("quotas as they are given: floors, needs and whole granules, and a budget of exactly that") {
  const Shape shape = fake_shape(4, 512, KvType::f16, 2, 32);
  const auto plan =
      brim::kv::plan_of_quotas(shape, std::vector<std::int64_t>{512, 32, 1, 5000}, 32, brim::kv::snapkv_rule());
  REQUIRE(plan.ok());
  check_plan(*plan);
  CHECK(plan->quota == std::vector<std::int64_t>{512, 32, 16, 512});
  CHECK(plan->chunk == 32);
  CHECK(plan->pool_bytes + plan->metadata_bytes + plan->staging_bytes == plan->budget_bytes);
  CHECK(!brim::kv::plan_of_quotas(shape, std::vector<std::int64_t>{512, 32, 1}, 32, brim::kv::snapkv_rule()).ok());
  CHECK(!brim::kv::plan_of_quotas(fake_shape(0, 64), {}, 32, brim::kv::window_rule()).ok());
}

TEST_CASE("a split left to the plan: nothing where everything fits, else what the profile is good for") {
  const Shape shape = fake_shape(4, 1024, KvType::f16, 2, 32);
  brim::kv::Profile profile;
  for (int i = 0; i < 4; ++i) {
    brim::kv::LayerProfile layer;
    layer.loss = {0, 0.1 * i, 0.2 * i, 0.4 * i, 0.8 * i};
    profile.layers.push_back(layer);
  }
  for (const brim::kv::Profile* known :
       {static_cast<const brim::kv::Profile*>(nullptr), static_cast<const brim::kv::Profile*>(&profile)}) {
    const auto full = make_plan(shape, budget_full(), kPlenty, brim::kv::kChosenSplit, "window", {known, 0});
    REQUIRE(full.ok());
    CHECK(full->split == "uniform");
    CHECK(!full->quotas_move());
    const auto tight = make_plan(shape, budget_share(30), kPlenty, brim::kv::kChosenSplit, "window", {known, 0});
    REQUIRE(tight.ok());
    check_plan(*tight);
    CHECK(tight->split == (known == nullptr ? "uniform" : "depth"));
    CHECK(!tight->quotas_move());
    CHECK(!tight->layers_alike);
  }
  // Curves of a second type: joint is chosen, except where that type is larger than allowed.
  profile.types = KvType::f16;
  profile.others.push_back({KvType::q8_0, {}});
  for (const brim::kv::LayerProfile& layer : profile.layers) profile.others[0].loss.push_back(layer.loss);
  const auto typed = make_plan(shape, budget_share(30), kPlenty, brim::kv::kChosenSplit, "window", {&profile, 0});
  REQUIRE(typed.ok());
  check_plan(*typed);
  CHECK(typed->split == "joint");
  CHECK(make_plan(shape, budget_full(), kPlenty, brim::kv::kChosenSplit, "window", {&profile, 0})->split == "uniform");
  const Shape small = fake_shape(4, 1024, KvType::q8_0, 2, 32);
  CHECK(make_plan(small, budget_share(30), kPlenty, brim::kv::kChosenSplit, "window", {&profile, 0})->split == "depth");
  const auto min =
      make_plan(shape, budget_of(plan_of(shape, budget_full()).min_bytes), kPlenty, brim::kv::kChosenSplit, "window");
  REQUIRE(min.ok());
  CHECK(min->split == "uniform");
  CHECK(!make_plan(shape, budget_of(1), kPlenty, brim::kv::kChosenSplit, "window").ok());
}

TEST_CASE("a profile that shows no real difference between layers decides nothing, unless its split is requested") {
  const Shape shape = fake_shape(4, 1024, KvType::f16, 2, 32);
  brim::kv::Profile profile;
  for (const double loss : {0.0, 0.1, 0.2, 0.3}) profile.layers.push_back({{0, loss, 2 * loss, 4 * loss, 8 * loss}, 1});
  brim::kv::Profile alike = profile;
  for (brim::kv::LayerProfile& layer : alike.layers) layer = profile.layers[1];
  const auto left_to_plan = [&](const brim::kv::Profile& known, double percent) {
    const auto plan = make_plan(shape, budget_share(percent), kPlenty, brim::kv::kChosenSplit, "distinct", {&known, 0});
    if (!plan) FAIL(plan.error().sentence);
    check_plan(*plan);
    return *plan;
  };
  const Plan uniform = left_to_plan(alike, 30);
  CHECK(uniform.split == "uniform");
  CHECK(uniform.layers_alike);
  CHECK(uniform.quota == make_plan(shape, budget_share(30), kPlenty, "uniform", "distinct")->quota);
  CHECK(!left_to_plan(alike, 100).layers_alike);  // nothing was to be divided
  profile.equal_layers_p = 0.05;
  CHECK(left_to_plan(profile, 30).split == "depth");
  profile.equal_layers_p = 0.051;
  CHECK(left_to_plan(profile, 30).split == "uniform");
  CHECK(left_to_plan(profile, 30).layers_alike);
  const auto requested = make_plan(shape, budget_share(30), kPlenty, "depth", "distinct", {&profile, 0});
  REQUIRE(requested.ok());
  CHECK(requested->split == "depth");
  CHECK(!requested->layers_alike);
  // A profile of another number of layers is refused, whatever it shows.
  alike.layers.pop_back();
  const auto other = make_plan(shape, budget_share(30), kPlenty, brim::kv::kChosenSplit, "distinct", {&alike, 0});
  REQUIRE(!other.ok());
  CHECK(other.error().sentence.find("this model's 4 layers") != std::string::npos);
}

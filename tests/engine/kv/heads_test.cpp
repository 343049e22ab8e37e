// From a model's layers to streams of one head each, and back.
#include "engine/kv/heads.hpp"

#include <doctest/doctest.h>

#include <string>

#include "engine/kv/layout.hpp"
#include "tests/support/policies.hpp"

using namespace brim;
using namespace brim::kv;
using brim::test::make_plan;

namespace {

/// Layers of 2, 1 and 3 KV heads; the second has a window.
Shape three_layers() {
  Shape shape;
  shape.context = 1024;
  for (const int heads : {2, 1, 3}) shape.layers.push_back({heads, 32, 16, heads == 1 ? 128 : 0, true, {}});
  return shape;
}

}  // namespace

TEST_CASE("every head becomes a stream of its own, in order") {
  const Shape shape = three_layers(), apart = heads_apart(shape, 128);
  REQUIRE(apart.layers.size() == 6);
  CHECK(apart.context == 1024);
  CHECK(apart.largest_chunk == 128);
  CHECK(model_layers(apart) == 3);
  CHECK(model_layers(shape) == 3);
  int stored = 0;
  for (int layer = 0; layer < 3; ++layer) {
    const auto range = streams_of(apart, LayerId{layer});
    CHECK(range.front() == StreamId{stored});
    CHECK(static_cast<int>(range.size()) == shape.layers[static_cast<std::size_t>(layer)].kv_heads);
    for (int head = 0; head < static_cast<int>(range.size()); ++head, ++stored) {
      CHECK(apart.place(StreamId{stored}).layer == LayerId{layer});
      CHECK(apart.place(StreamId{stored}).head == head);
      const StreamShape& own = apart.layers[static_cast<std::size_t>(stored)];
      CHECK(own.kv_heads == 1);
      CHECK(own.window == (layer == 1 ? 128 : 0));
    }
    CHECK(streams_of(shape, LayerId{layer}).front() == StreamId{layer});
    CHECK(streams_of(shape, LayerId{layer}).size() == 1);
    CHECK(shape.place(StreamId{layer}).layer == LayerId{layer});
  }
}

TEST_CASE("a head has what was measured of its layer") {
  Profile profile;
  profile.layers.resize(3);
  profile.others.push_back({kernels::KvType::q8_0, {}});
  for (std::size_t i = 0; i < 3; ++i) {
    profile.layers[i].prunable = 1.0 + static_cast<double>(i);
    profile.others[0].loss.push_back({0, static_cast<double>(i), 0, 0, 0});
  }
  const Shape apart = heads_apart(three_layers(), 512);
  const Profile by_head = heads_apart(profile, apart);
  REQUIRE(by_head.layers.size() == 6);
  REQUIRE(by_head.others[0].loss.size() == 6);
  for (std::size_t i = 0; i < 6; ++i) {
    const auto layer = static_cast<double>(index_of(apart.place(id_at<StreamId>(i)).layer));
    CHECK(by_head.layers[i].prunable == 1.0 + layer);
    CHECK(by_head.others[0].loss[i][1] == layer);
  }
  profile.layers.resize(2);
  CHECK(heads_apart(profile, apart).layers.size() == 2);  // a profile of another model: the plan refuses it
}

TEST_CASE("with heads apart the plan counts every head's bookkeeping, and stays within the budget") {
  const Shape shape = three_layers(), apart = heads_apart(shape, 128);
  const BudgetRequest full = *parse_budget("full"), some = *parse_budget("60KiB");
  const Plan whole = *make_plan(shape, full, 0, "uniform", "snapkv"),
             whole_apart = *make_plan(apart, full, 0, "uniform", "snapkv");
  CHECK(whole_apart.pool_bytes == whole.pool_bytes);
  CHECK(whole_apart.metadata_bytes > whole.metadata_bytes);
  CHECK(whole_apart.chunk <= 128);
  for (const char* split : {"uniform", "zigzag", "cake", "pyramid"}) {
    const Plan plan = *make_plan(apart, some, 0, split, "snapkv");
    CHECK(plan.quota.size() == 6);
    CHECK(plan.pool_bytes + plan.metadata_bytes + plan.staging_bytes <= 60 * 1024);
  }
}

TEST_CASE("what needs whole layers says so") {
  const Shape apart = heads_apart(three_layers(), 128);
  const BudgetRequest some = *parse_budget("60KiB");
  const auto squeeze = make_plan(apart, some, 0, "squeeze", "window");
  REQUIRE(!squeeze);
  CHECK(squeeze.error().sentence.find("squeeze compares whole layers") != std::string::npos);
  const auto sparse = make_plan(apart, some, 0, "uniform", "window", {}, *parse_reading("top=25%"));
  REQUIRE(!sparse);
  CHECK(sparse.error().sentence.find("kv.heads=together") != std::string::npos);
}

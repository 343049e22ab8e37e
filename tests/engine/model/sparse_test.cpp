// Sparse reads: attention over the chosen entries equals attention over everything with the rest masked, whatever the
// number of threads, the storage and the share; and the chosen entries are those that match the query.
#include "engine/model/sparse.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/model/attend.hpp"
#include "engine/model/layer_attention.hpp"
#include "kernels/dispatch.hpp"
#include "tests/engine/kv/fake_model.hpp"
#include "tests/support/policies.hpp"

using namespace brim::test;
using brim::kernels::KvType;
using brim::kernels::KvTypes;
using brim::model::Config;
using brim::model::Pass;
using brim::model::Read;
using brim::model::Workspace;

namespace {

Config config_of(int heads, int kv_heads, int size) {
  Config config;
  config.embedding = heads * size;
  config.vocabulary = 8;
  brim::model::LayerConfig layer;
  layer.key_size = layer.value_size = size;
  layer.heads = heads;
  layer.kv_heads = kv_heads;
  layer.feed_forward_width = 32;
  config.layers.push_back(layer);
  config.rope.dimensions = size;
  config.attention_scale = 1 / std::sqrt(static_cast<float>(size));
  return config;
}

/// A layer with entries in a cache, and what a pass over one token needs.
struct Scene {
  Scene(int heads, int kv_heads, int size, KvTypes type, const std::string& keep, double budget, double share,
        int workers)
      : config(config_of(heads, kv_heads, size)),
        rope(config, {}, kContext),
        model(plan_of(config, type, keep, budget, share)),
        pool(workers) {
    REQUIRE(model.ok());
    weights.layers.resize(config.layers.size());  // without sinks
    const auto shape = brim::model::workspace_shape(model.cache().plan(), brim::kernels::active(), workers);
    memory.resize(Workspace::bytes(config, shape) + 64);
    const std::size_t offset = (64 - reinterpret_cast<std::uintptr_t>(memory.data()) % 64) % 64;
    work.lay_out(config, shape, std::span(memory).subspan(offset));
  }

  static brim::kv::Plan plan_of(const Config& config, KvTypes type, const std::string& keep, double budget,
                                double share) {
    const auto plan = brim::test::make_plan(brim::model::kv_shape(config, kContext, type), budget_share(budget), 0,
                                            "uniform", keep, {}, {true, share});
    REQUIRE(plan.ok());
    return *plan;
  }

  void read(std::int64_t tokens) {
    while (tokens > 0) {
      const std::int64_t n = std::min<std::int64_t>(tokens, model.cache().plan().chunk);
      model.read_chunk(n, [&](int layer) {
        if (!model.cache().needs().accumulated_attention()) return;
        std::vector<float> accumulated;
        for (const std::int64_t p : model.cache().view(stream(layer)).positions())
          accumulated.push_back(static_cast<float>((p / 5 * 31) % 17));
        model.add_attention(layer, accumulated, n);
      });
      tokens -= n;
    }
  }

  /// The next token's attention: its mixed values, and for each KV head the entries it read.
  std::vector<float> attend(std::vector<std::vector<std::int64_t>>& entries_read) {
    const std::int64_t token = model.cache().tokens();
    for (std::size_t i = 0; i < work.query.size(); ++i)
      work.query[i] = fake_vector(3, static_cast<int>(i), token, 1, false)[0];
    model.begin(1);
    model.stage(0, token, model.cache().next_position(), 1);
    const auto view = model.cache().view(stream(0));
    const brim::model::Segment segment{&model.cache(), &model.chunk(), &rope, 0, 1};
    const Pass pass{config, weights, work, {brim::kernels::active(), pool}, {&segment, 1}, 0, 1, work.roles.data()};
    REQUIRE(brim::model::reads_sparsely(segment, brim::test::stream(0), view));
    const brim::model::Attended attended{&segment, brim::test::stream(0), &view};
    brim::model::attend(pass, {&attended, 1});
    entries_read.clear();
    for (int head = 0; head < config.layers[0].kv_heads; ++head) {
      const Read read(pass, head);
      entries_read.emplace_back();
      for (const auto& run : read.runs()) {
        for (std::int64_t i = 0; i < run.count; ++i) entries_read.back().push_back(read.entry(run) + i);
      }
      REQUIRE(static_cast<std::int64_t>(entries_read.back().size()) == read.total());
    }
    return {work.mixed.begin(), work.mixed.begin() + config.layers[0].heads * config.layers[0].value_size};
  }

  /// The same in double, with all entries masked that were not read.
  std::vector<double> masked(const std::vector<std::vector<std::int64_t>>& entries_read) {
    const auto view = model.cache().view(stream(0));
    const int heads = config.layers[0].heads, group = heads / config.layers[0].kv_heads,
              size = config.layers[0].key_size;
    std::vector<double> out(static_cast<std::size_t>(heads * size));
    for (int head = 0; head < heads; ++head) {
      std::vector<bool> mask(static_cast<std::size_t>(view.entries()), true);
      for (const std::int64_t entry : entries_read[static_cast<std::size_t>(head / group)])
        mask[static_cast<std::size_t>(entry)] = false;
      double sum = 0;
      for (std::int64_t e = 0; e < view.entries(); ++e) {
        if (mask[static_cast<std::size_t>(e)]) continue;
        const SeenEntry seen = see_entry(view, model.shape(), 0, head / group, e);
        double score = 0;
        for (int d = 0; d < size; ++d)
          score += double{work.query[static_cast<std::size_t>(head * size + d)]} *
                   double{seen.key[static_cast<std::size_t>(d)]};
        const double weight = std::exp(score * double{config.attention_scale});
        sum += weight;
        for (int d = 0; d < size; ++d)
          out[static_cast<std::size_t>(head * size + d)] += weight * double{seen.value[static_cast<std::size_t>(d)]};
      }
      for (int d = 0; d < size; ++d) out[static_cast<std::size_t>(head * size + d)] /= sum;
    }
    return out;
  }

  static constexpr std::int64_t kContext = 6000;
  Config config;
  brim::model::Weights weights;
  brim::model::Rope rope;
  FakeModel model;
  brim::kernels::ThreadPool pool;
  std::vector<std::byte> memory;
  Workspace work;
};

double distance(const std::vector<float>& a, const std::vector<double>& b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(double{a[i]} - b[i]));
  return worst;
}

}  // namespace

TEST_CASE(
    "attention over chosen blocks is masked attention over everything, 1e-5 in f32, and the same by 1 and 3 threads") {
  for (const std::string keep : {"window", "dynsplit"}) {
    for (const double budget : {100.0, 45.0}) {
      for (const double share : {0.1, 0.25, 1.0}) {
        Scene one(4, 2, 16, KvType::f32, keep, budget, share, 1), three(4, 2, 16, KvType::f32, keep, budget, share, 3);
        for (const std::int64_t tokens : {90, 700, 2600, 1300}) {  // beyond one span, and at 45 % beyond the quota
          one.read(tokens);
          three.read(tokens);
          std::vector<std::vector<std::int64_t>> entries, same;
          const auto mixed = one.attend(entries);
          CHECK(three.attend(same) == mixed);
          CHECK(entries == same);
          CHECK(distance(mixed, one.masked(entries)) <= 1e-5);
          const auto view = one.model.cache().view(stream(0));
          for (const auto& own : entries) {
            const auto read = static_cast<std::int64_t>(own.size());
            if (share == 1.0) CHECK(read == view.entries());
            // The first block and the last ones are always read.
            const double forced = 3.0 * brim::kv::joined_block(64) + 1;
            CHECK(static_cast<double>(read) <= std::max(forced, share * static_cast<double>(view.retained()) + 2));
            CHECK(own.front() == 0);
            CHECK(own.back() == view.entries() - 1);
          }
          one.model.abandon();
          three.model.abandon();
        }
        if (budget < 100) CHECK(one.model.cache().evicted() > 0);
      }
    }
  }
}

TEST_CASE("stored types and head sizes") {
  for (const KvTypes type :
       {KvTypes(KvType::f16), KvTypes(KvType::q8_0), KvTypes(KvType::q4_0), KvTypes(KvType::q8_0, KvType::q4_0)}) {
    Scene scene(6, 3, 48, type, "window", 100, 0.2, 2);
    scene.read(2000);
    std::vector<std::vector<std::int64_t>> entries;
    const auto mixed = scene.attend(entries);
    CHECK(distance(mixed, scene.masked(entries)) <= 1e-4);
  }
}

TEST_CASE(
    "what is chosen reaches furthest for one of the group's queries, from the middle of its box to half its width") {
  Scene scene(4, 2, 16, KvType::f32, "window", 100, 0.3, 1);
  scene.read(3000);
  std::vector<std::vector<std::int64_t>> entries;
  scene.attend(entries);
  const auto view = scene.model.cache().view(stream(0));
  const auto blocks = scene.model.cache().blocks(stream(0));
  for (int head = 0; head < 2; ++head) {
    double lowest_read = 1e30, highest_skipped = -1e30;
    std::int64_t entry = 0;
    std::size_t next = 0;
    std::int64_t left = 0, read_entries = static_cast<std::int64_t>(entries[static_cast<std::size_t>(head)].size());
    for (std::size_t b = 0; b + 1 < blocks.size(); entry += blocks[b++].length) {
      std::array<double, 16> low, high;
      low.fill(1e30);
      high.fill(-1e30);
      for (std::int64_t e = entry; e < entry + blocks[b].length; ++e) {
        const SeenEntry seen = see_entry(view, scene.model.shape(), 0, head, e);
        for (std::size_t d = 0; d < 16; ++d) {
          low[d] = std::min(low[d], double{seen.key[d]});
          high[d] = std::max(high[d], double{seen.key[d]});
        }
      }
      double product = -1e30;
      for (std::size_t g = 0; g < 2; ++g) {
        double query_product = 0;
        for (std::size_t d = 0; d < 16; ++d) {
          const double query = scene.work.query[static_cast<std::size_t>(head) * 32 + g * 16 + d];
          query_product += query * (low[d] + high[d]) / 2 + 0.5 * std::abs(query) * (high[d] - low[d]) / 2;
        }
        product = std::max(product, query_product);
      }
      const auto& own = entries[static_cast<std::size_t>(head)];
      while (next < own.size() && own[next] < entry) ++next;
      const bool read = next < own.size() && own[next] == entry;
      if (b == 0 || b + 3 >= blocks.size()) continue;  // always read
      (read ? lowest_read : highest_skipped) =
          read ? std::min(lowest_read, product) : std::max(highest_skipped, product);
      left += !read;
    }
    CHECK(left > 10);
    CHECK(lowest_read < 1e29);
    CHECK(lowest_read > highest_skipped - 1e-3);  // boxes are kept in f16
    CHECK(read_entries <= 902);
    CHECK(read_entries > 700);
  }
}

// What eviction means for attention: attending over the cache equals attending over the whole input with the evicted
// entries masked, at the positions at which they were processed.
#include <doctest/doctest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "tests/engine/kv/fake_model.hpp"

using namespace brim::test;
using brim::kernels::KvType;
using brim::kv::EntryRange;
using brim::kv::Plan;
using brim::kv::Shape;
using brim::kv::View;

namespace {

/// softmax(scores) · values over single entries, in double.
std::vector<double> mix(const std::vector<std::vector<float>>& keys, const std::vector<std::vector<float>>& values,
                        const std::vector<float>& query) {
  std::vector<double> weights;
  double highest = -1e300;
  for (const auto& key : keys) {
    weights.push_back(std::inner_product(key.begin(), key.end(), query.begin(), 0.0));
    highest = std::max(highest, weights.back());
  }
  double sum = 0;
  for (double& weight : weights) sum += weight = std::exp(weight - highest);
  std::vector<double> out(values.empty() ? 0 : values[0].size());
  for (std::size_t e = 0; e < keys.size(); ++e) {
    for (std::size_t d = 0; d < out.size(); ++d) out[d] += weights[e] / sum * values[e][d];
  }
  return out;
}

/// Attention of the token at view entry `own` through the table's kernel, as the engine computes it.
std::vector<float> attend_view(const View& view, const Shape& shape, int layer, int head, std::int64_t own,
                               const std::vector<float>& query) {
  const auto& table = brim::kernels::active();
  const brim::kv::StreamShape& layer_shape = shape.layers[static_cast<std::size_t>(layer)];
  const auto positions = view.positions();
  std::int64_t first = 0;
  const std::int64_t window = layer_shape.window;
  while (window > 0 && positions[static_cast<std::size_t>(own)] - positions[static_cast<std::size_t>(first)] >= window)
    ++first;
  std::vector<float> out(static_cast<std::size_t>(layer_shape.value_size), 0.0f);
  std::vector<float> scratch(
      static_cast<std::size_t>(brim::kernels::attention_scratch(1, layer_shape.key_size, layer_shape.value_size)));
  std::vector<brim::kernels::KvRun> runs;
  for (std::int64_t at = first; at <= own;) {
    const EntryRange part = view.range(head, at, own + 1);
    runs.push_back({part.keys, part.values, part.key_stride, part.value_stride, part.count});
    at += part.count;
  }
  const brim::kernels::Seen seen{first, own + 1};
  float largest = 0, sum = 0;
  table.attend[static_cast<int>(layer_shape.types.key)][static_cast<int>(layer_shape.types.value)](
      {runs.data(),
       first,
       own + 1,
       layer_shape.key_size,
       layer_shape.value_size,
       query.data(),
       0,
       1,
       1,
       &seen,
       1.0f,
       0.0f,
       {&largest, &sum, out.data(), 1},
       scratch.data()});
  for (float& value : out) value /= sum;
  return out;
}

void compare(const Plan& plan, const std::vector<std::int64_t>& chunks, double tolerance) {
  FakeModel model(plan);
  REQUIRE(model.ok());
  const Shape& shape = model.shape();
  for (const std::int64_t n : chunks) {
    const std::int64_t before = model.cache().tokens();
    REQUIRE(before + n <= shape.context);  // no rebase here: position is the place in the input
    model.read_chunk(n, [&](int layer) {
      const View view = model.cache().view(stream(layer));
      const brim::kv::StreamShape& layer_shape = shape.layers[static_cast<std::size_t>(layer)];
      for (const std::int64_t token : {std::int64_t{0}, n / 2, n - 1}) {
        const std::int64_t position = before + token;
        for (int head = 0; head < layer_shape.kv_heads; ++head) {
          std::vector<float> query = fake_vector(layer, head + 50, position, layer_shape.key_size, false);
          model.rotation().rotate(layer, query.data(), position);
          // The whole input, with a mask that keeps the entries that the view lists and the window allows.
          std::vector<bool> visible(static_cast<std::size_t>(position + 1), false);
          for (const std::int64_t seen : view.positions()) {
            if (seen <= position && (layer_shape.window == 0 || position - seen < layer_shape.window)) {
              visible[static_cast<std::size_t>(seen)] = true;
            }
          }
          std::vector<std::vector<float>> keys, values;
          for (std::int64_t j = 0; j <= position; ++j) {
            if (!visible[static_cast<std::size_t>(j)]) continue;
            keys.push_back(
                through_storage(layer_shape.types.key, fake_key(model.rotation(), layer_shape, layer, head, j, j)));
            values.push_back(
                through_storage(layer_shape.types.value, fake_vector(layer, head, j, layer_shape.value_size, true)));
          }
          const std::vector<double> expected = mix(keys, values, query);
          const std::vector<float> found = attend_view(view, shape, layer, head, view.retained() + token, query);
          for (std::size_t d = 0; d < found.size(); ++d) REQUIRE(std::abs(found[d] - expected[d]) <= tolerance);
        }
      }
    });
  }
}

std::vector<std::int64_t> random_chunks(Random& random, std::int64_t total, std::int64_t max) {
  std::vector<std::int64_t> chunks;
  for (std::int64_t left = total; left > 0; left -= chunks.back()) {
    chunks.push_back(random.pick(1, std::min(left, random.pick(0, 1) == 0 ? 1 : max)));
  }
  return chunks;
}

}  // namespace

TEST_CASE("attention over an evicted cache is masked attention over everything, f32 within 1e-5") {
  Random random(17);
  for (const double percent : {12.0, 30.0, 60.0, 100.0}) {
    Shape shape = fake_shape(2, 300, KvType::f32, 2, 16);
    shape.layers[1] = {3, 24, 40, 0, false};
    const Plan plan = plan_of(shape, budget_share(percent));
    REQUIRE(!plan.quota.empty());
    compare(plan, random_chunks(random, 300, plan.chunk), 1e-5);
  }
}

TEST_CASE("the same with sliding windows, below and at their need") {
  Random random(18);
  for (const double percent : {25.0, 100.0}) {
    Shape shape = fake_shape(3, 300, KvType::f32, 1, 16);
    shape.layers[0].window = 40;
    shape.layers[2].window = 7;
    const Plan plan = plan_of(shape, budget_share(percent));
    REQUIRE(!plan.quota.empty());
    compare(plan, random_chunks(random, 300, plan.chunk), 1e-5);
  }
}

TEST_CASE("a full window layer attends to its whole window, as without any cache limit") {
  // The mask of `compare` follows the view; here the view itself must list the whole window for every query.
  Shape shape = fake_shape(1, 500, KvType::f32, 1, 16, 33);
  FakeModel model(plan_of(shape, budget_full()));
  Random random(19);
  for (const std::int64_t n : random_chunks(random, 480, model.cache().plan().chunk)) {
    const std::int64_t before = model.cache().tokens();
    model.read_chunk(n, [&](int layer) {
      const auto positions = model.cache().view(stream(layer)).positions();
      const std::int64_t oldest = std::max<std::int64_t>(before - 32, 0);
      REQUIRE(positions.front() <= oldest);
      REQUIRE(static_cast<std::int64_t>(positions.size()) == before + n - positions.front());
    });
  }
}

TEST_CASE("stored types: attention is that of the stored numbers, keys and values alike or not") {
  Random random(20);
  using Types = brim::kernels::KvTypes;
  for (const Types types :
       {Types(KvType::f16), Types(KvType::q8_0), Types(KvType::q4_0), Types(KvType::q8_0, KvType::q4_0),
        Types(KvType::q4_0, KvType::f16), Types(KvType::q5_0, KvType::q3_0), Types(KvType::q3_0, KvType::q5_0)}) {
    const Plan plan = plan_of(fake_shape(1, 200, types, 2, 48), budget_share(50));
    REQUIRE(!plan.quota.empty());
    compare(plan, random_chunks(random, 200, plan.chunk), 1e-4);
  }
}

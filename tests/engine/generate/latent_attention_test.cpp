// Latent attention (DeepSeek V2) in a tiny model with random weights: one stored vector for keys and values of all heads,
// in every type that allows it, inside the budget, beyond the context, in any pieces and company. Whether the numbers
// are right: pieces_golden.
#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/state.hpp"
#include "engine/kv/layout.hpp"
#include "tests/engine/generate/as_alone.hpp"
#include "tests/engine/generate/cached.hpp"
#include "tests/engine/generate/inside_budget.hpp"
#include "tests/engine/generate/tiny.hpp"
#include "tests/engine/generate/together.hpp"
#include "tests/support/policies.hpp"
#include "tests/support/saved_bytes.hpp"
#include "tests/support/tiny_deepseek2.hpp"

using namespace brim;
using run::Sequence;
using test::go_on;
using test::logits_of;
using test::read;

namespace {

using Ids = std::span<const std::int32_t>;

std::shared_ptr<const model::Model> latent_model() { return test::tiny_model(test::tiny_deepseek2()); }

}  // namespace

TEST_CASE("a token costs one latent vector with its rotated values in each layer") {
  const auto model = latent_model();
  for (const char* type : {"f32", "f16", "q8_0", "q5_0", "q4_0", "q3_0"}) {
    CAPTURE(type);
    const auto sequence = test::tiny_sequence(model, {.type = type});
    const kv::Shape& shape = sequence->memory().kv.shape;
    REQUIRE(shape.layers.size() == 3);
    for (const kv::StreamShape& layer : shape.layers) {
      CHECK(layer.kv_heads == 1);
      CHECK(layer.key_size == 48);
      CHECK(layer.value_size == 32);
      CHECK(kv::data_bytes(layer) == static_cast<std::int64_t>(kernels::kv_vector_bytes(layer.types.key, 48)));
    }
    read(*sequence, test::some_ids(60));
    for (const float logit : logits_of(*sequence)) REQUIRE(std::isfinite(logit));
  }
  run::SequenceOptions two_types;
  two_types.type = *kernels::parse_kv_types("q8_0:q4_0");
  const auto refused = Sequence::create(model, two_types);
  REQUIRE(!refused);
  CHECK(refused.error().sentence.find("found q8_0:q4_0") != std::string::npos);
}

TEST_CASE("f16 is near f32, and nearer than four bits") {
  const auto model = latent_model();
  const auto logits = [&](const char* type) {
    const auto sequence = test::tiny_sequence(model, {.type = type});
    read(*sequence, test::some_ids(100));
    return logits_of(*sequence);
  };
  const auto exact = logits("f32");
  const double f16 = test::largest_difference(logits("f16"), exact);
  CHECK(f16 < 0.05);
  CHECK(f16 < test::largest_difference(logits("q4_0"), exact));
}

TEST_CASE("all is inside the budget at every step, whatever the rule, and less than the smallest is refused") {
  test::check_inside_budget(latent_model());
}

TEST_CASE("a latent text in any pieces, by any number of threads, gives the same bits") {
  test::TinyModel shape = test::tiny_deepseek2();
  shape.context = 1024;  // for chunks of more than one tile
  const auto model = test::tiny_model(shape);
  const auto ids = test::some_ids(200);
  const auto whole = test::tiny_sequence(model, {.threads = 1});
  read(*whole, ids);
  constexpr std::size_t kPieces[] = {1, 7, 64, 130};
  for (const std::size_t piece : kPieces) {
    CAPTURE(piece);
    const auto pieces = test::tiny_sequence(model, {.threads = 3});
    for (std::size_t at = 0; at < ids.size(); at += piece) {
      read(*pieces, Ids(ids).subspan(at, std::min(piece, ids.size() - at)));
    }
    CHECK(logits_of(*pieces) == logits_of(*whole));
  }
}

TEST_CASE("keys that are compared before they are rotated are rotated once: no bit changes while nothing is evicted") {
  const auto model = latent_model();
  const auto ids = test::some_ids(40);
  const auto compared = test::tiny_sequence(model, {.budget = "80%", .keep = &kv::distinct_rule()});
  const auto whole = test::tiny_sequence(model, {});
  CHECK(compared->memory().kv.compares_keys());
  for (Sequence* const sequence : {compared.get(), whole.get()}) {
    read(*sequence, Ids(ids).first(30));
    go_on(*sequence, Ids(ids).subspan(30));
  }
  CHECK(compared->cache().evicted() == 0);
  CHECK(logits_of(*compared) == logits_of(*whole));
}

TEST_CASE("moved keys have their rotated values, and only these, rotated back") {
  const auto model = latent_model();
  model::Rope rope(model->config(), model->weights().rope_factors, 256);
  std::vector<float> key(48), moved;
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = std::sin(static_cast<float>(i) * 1.3f);
  moved = key;
  rope.rotate_back(kv::LayerId{1}, moved.data(), 1, 17);
  CHECK(std::equal(key.begin(), key.begin() + 32, moved.begin()));
  for (std::size_t i = 32; i < 48; i += 2) {
    CHECK(moved[i] != key[i]);
    CHECK(moved[i] * moved[i] + moved[i + 1] * moved[i + 1] ==
          doctest::Approx(key[i] * key[i] + key[i + 1] * key[i + 1]).epsilon(1e-5));
  }
  rope.rotate_back(kv::LayerId{1}, moved.data(), 1, -17);
  for (std::size_t i = 0; i < key.size(); ++i) CHECK(moved[i] == doctest::Approx(key[i]).epsilon(1e-5));
}

TEST_CASE("a latent text is saved, taken back, and in company what it is alone") {
  test::check_goes_on_as_alone(latent_model());
}

TEST_CASE("older files with keys and values in one tensor work from any weight memory, and say what they take") {
  const test::TinyFile file(test::tiny_deepseek2(true));
  std::vector<float> first;
  for (const auto memory : {model::WeightMemory::own, model::WeightMemory::file}) {
    auto model = model::Model::load(file.path, {.memory = memory, .threads = 2});
    REQUIRE(model);
    const model::LayerWeights& layer = (*model)->weights().layers[1];
    CHECK(layer.latent_keys.empty());
    CHECK(layer.unpacked_keys.size() == 4 * 32 * 12);
    CHECK((*model)->weight_bytes() > 3 * 4 * 32 * 12 * 4);
    const auto sequence = test::tiny_sequence(*model, {.type = "f32"});
    read(*sequence, test::some_ids(40));
    const auto logits = logits_of(*sequence);
    for (const float logit : logits) REQUIRE(std::isfinite(logit));
    if (first.empty()) first = logits;
    CHECK(test::largest_difference(logits, first) < 1e-3);
  }
}

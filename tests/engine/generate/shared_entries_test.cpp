// Layers that attend to an earlier layer's entries, and embeddings for each layer that are read from the file (Gemma 4's
// E-models), in a tiny model with random weights. Whether the numbers are right: pieces_golden.
#include <doctest/doctest.h>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/state.hpp"
#include "engine/kv/heads.hpp"
#include "tests/engine/generate/as_alone.hpp"
#include "tests/engine/generate/tiny.hpp"
#include "tests/engine/generate/together.hpp"
#include "tests/support/policies.hpp"
#include "tests/support/saved_bytes.hpp"
#include "tests/support/tiny_gemma4.hpp"

using namespace brim;
using run::Sequence;
using test::go_on;
using test::logits_of;
using test::read;

namespace {

using Ids = std::span<const std::int32_t>;

std::shared_ptr<const model::Model> gemma() { return test::tiny_model(test::tiny_gemma4()); }

/// Adds up the attention that its entries have received, whenever something must be evicted.
class Adding final : public kv::Rule {
 public:
  std::string_view name() const override { return "adding"; }
  kv::Needs needs() const override { return {.attention_queries = kv::kAllQueries}; }
  void score(const kv::Entries& entries, std::span<float> scores) const noexcept override {
    std::copy(entries.accumulated.begin(), entries.accumulated.end(), scores.begin());
    double sum = 0;
    for (const float score : scores) sum += score;
    largest = std::max(largest.load(), sum);
  }
  mutable std::atomic<double> largest{0};
};

}  // namespace

TEST_CASE("only the layers with entries of their own have streams, and all is inside the budget at every step") {
  const auto model = gemma();
  const auto full = test::tiny_sequence(model, {});
  const kv::Plan whole = full->memory().kv;
  REQUIRE(whole.shape.layers.size() == 3);
  CHECK(!whole.shape.layers[0].held);
  CHECK(whole.shape.layers[1].held);
  CHECK(whole.shape.layers[2].held);
  CHECK(whole.shape.layers[1].window == 0);
  CHECK(whole.shape.layers[2].window == 24);
  CHECK(kv::layer_stats(full->cache(), kv::LayerId{3}).quota == 0);
  const auto ids = test::some_ids(400);
  for (const char* keep : {"window", "snapkv", "distinct", "tova"}) {
    const kv::Rule* const rule = test::rule_named(keep);
    const kv::Plan plan = test::tiny_sequence(model, {.keep = rule})->memory().kv;
    const std::int64_t budgets[] = {plan.min_bytes, (plan.min_bytes + plan.full_bytes) / 2, plan.full_bytes};
    for (const std::int64_t budget : budgets) {
      CAPTURE(budget);
      CAPTURE(keep);
      const auto sequence = test::tiny_sequence(model, {.budget = std::to_string(budget), .keep = rule});
      CHECK(sequence->memory().kv.budget_bytes <= budget);
      for (std::size_t at = 0; at < 300; at += 50) {
        read(*sequence, Ids(ids).subspan(at, 50));
        REQUIRE(sequence->cache().bytes_used() <= budget);
      }
      for (std::size_t at = 300; at < 330; ++at) {
        go_on(*sequence, Ids(ids).subspan(at, 1));
        REQUIRE(sequence->cache().bytes_used() <= budget);
      }
      for (const float logit : logits_of(*sequence)) REQUIRE(std::isfinite(logit));
    }
  }
  const std::int64_t min = test::tiny_sequence(model, {.keep = &kv::window_rule()})->memory().kv.min_bytes;
  run::SequenceOptions too_small;
  too_small.keep = &kv::window_rule();
  too_small.budget = *kv::parse_budget(std::to_string(min - 1));
  const auto refused = Sequence::create(model, too_small);
  REQUIRE(!refused);
  CHECK(refused.error().sentence.find(kv::bytes_text(min - 1)) != std::string::npos);
  CHECK(refused.error().sentence.find(kv::bytes_text(min)) != std::string::npos);
}

TEST_CASE("pieces, threads and heads of their own change no bit where nothing is evicted, beyond the window") {
  test::TinyModel shape = test::tiny_gemma4();
  shape.context = 1024;  // for chunks of more than one tile
  const auto model = test::tiny_model(shape);
  const auto ids = test::some_ids(200);
  for (const char* type : {"f32", "f16", "q8_0"}) {
    CAPTURE(type);
    const auto whole = test::tiny_sequence(model, {.type = type, .threads = 1});
    read(*whole, ids);
    constexpr std::size_t kPieces[] = {1, 7, 64, 130};
    for (const std::size_t piece : kPieces) {
      CAPTURE(piece);
      const auto pieces = test::tiny_sequence(model, {.type = type, .threads = 3});
      for (std::size_t at = 0; at < ids.size(); at += piece) {
        read(*pieces, Ids(ids).subspan(at, std::min(piece, ids.size() - at)));
      }
      CHECK(logits_of(*pieces) == logits_of(*whole));
    }
    run::SequenceOptions apart;
    apart.type = *kernels::parse_kv_types(type);
    apart.budget = *kv::parse_budget("full");
    apart.heads = kv::HeadSelection::apart;
    apart.threads = 2;
    auto by_head = Sequence::create(model, apart);
    REQUIRE(by_head);
    read(**by_head, ids);
    CHECK(logits_of(**by_head) == logits_of(*whole));
  }
}

TEST_CASE("beyond the context and below the budget, one thread computes what three do") {
  const auto model = gemma();
  const auto ids = test::some_ids(700);
  for (const char* keep : {"window", "snapkv", "dynsplit"}) {
    CAPTURE(keep);
    const auto one = test::tiny_sequence(model, {.budget = "50%", .threads = 1, .keep = test::rule_named(keep)});
    const auto three = test::tiny_sequence(model, {.budget = "50%", .threads = 3, .keep = test::rule_named(keep)});
    for (Sequence* sequence : {one.get(), three.get()}) {
      read(*sequence, ids);
      go_on(*sequence, Ids(ids).first(5));
      CHECK(sequence->cache().rebased() > 0);
    }
    CHECK(logits_of(*one) == logits_of(*three));
  }
}

TEST_CASE("the queries of all layers that attend to a stream count for its rule") {
  const auto model = gemma();
  const Adding adding;
  run::SequenceOptions options;
  options.quotas = {32, 32, 32};
  options.chunk = 16;
  options.keep = &adding;
  auto sequence = Sequence::create(model, options);
  REQUIRE(sequence);
  read(**sequence, Ids(test::some_ids(33)));
  // 33 tokens with 4 heads each: a layer's own queries give 132 in total, those of the layer that shares as much again.
  // The stream that sees everything has lost nothing before its first eviction.
  CHECK(adding.largest.load() == doctest::Approx(264).epsilon(1e-3));
}

TEST_CASE("saved, taken back, copied and in company, a text goes on as alone") {
  test::check_goes_on_as_alone(gemma());
}

TEST_CASE("embeddings for each layer are read from the file, and a file that changed is an error") {
  const test::TinyFile file(test::tiny_gemma4());
  for (const auto memory : {model::WeightMemory::file, model::WeightMemory::own}) {
    auto model = model::Model::load(file.path, {.memory = memory, .threads = 2});
    REQUIRE(model);
    CHECK(!(*model)->layer_embeddings().empty());
    CHECK((*model)->layer_embeddings().cols() == 40);
    const auto sequence = test::tiny_sequence(*model, {});
    read(*sequence, test::some_ids(20));
    if (memory == model::WeightMemory::file) continue;
    std::filesystem::resize_file(file.path, std::filesystem::file_size(file.path) + 1);
    const Status status = sequence->read(test::some_ids(3), {}, nullptr);
    REQUIRE(!status);
    CHECK(status.error().code == ErrorCode::io);
    CHECK(status.error().sentence.find(file.path) != std::string::npos);
  }
}

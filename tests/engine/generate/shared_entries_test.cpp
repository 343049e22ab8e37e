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
#include "platform/linux/system_text.hpp"
#include "tests/engine/generate/as_alone.hpp"
#include "tests/engine/generate/cached.hpp"
#include "tests/engine/generate/inside_budget.hpp"
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

/// How many bytes of a file are resident where it is mapped.
std::int64_t resident_of(const std::string& path) {
  std::int64_t bytes = 0;
  bool of_file = false;
  for (const std::string& line : split_text(read_text("/proc/self/smaps").value_or(""), '\n')) {
    if (line.find('-') < line.find(' ')) of_file = line.ends_with(path);  // a range of addresses begins a mapping
    if (of_file) bytes += 1024 * static_cast<std::int64_t>(named_number(line, "Rss:").value_or(0));
  }
  return bytes;
}

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
  test::check_inside_budget(model);
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

TEST_CASE("of embeddings for each layer only the rows that are read are resident") {
  const test::TinyFile file(test::tiny_gemma4(1024));
  const auto whole = static_cast<std::int64_t>(std::filesystem::file_size(file.path));
  constexpr std::int64_t kTable = 5 * 1024 * test::kTinyVocabulary * 4;
  REQUIRE(whole > kTable);
  for (const auto memory : {model::WeightMemory::file, model::WeightMemory::own}) {
    auto model = model::Model::load(file.path, {.memory = memory, .threads = 2});
    REQUIRE(model);
    CHECK((*model)->weight_bytes() < whole - kTable / 2);
    const auto sequence = test::tiny_sequence(*model, {});
    read(*sequence, test::some_ids(100));
    go_on(*sequence, test::some_ids(5));
    if (memory == model::WeightMemory::file) CHECK(resident_of(file.path) > 0);
    CHECK(resident_of(file.path) < whole - kTable / 2);
  }
}

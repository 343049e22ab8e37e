// Attention sinks (gpt-oss): a learned logit per head takes its share of the softmax, and eviction rules count only what
// entries receive.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "tests/engine/generate/tiny.hpp"
#include "tests/support/tiny_file.hpp"

using namespace brim;

namespace {

/// Keeps the entries with the most accumulated attention, and adds up what it was given.
class Summing final : public kv::Rule {
 public:
  std::string_view name() const override { return "summing"; }
  kv::Needs needs() const override { return {.attention_queries = kv::kAllQueries}; }
  void score(const kv::Entries& entries, std::span<float> scores) const noexcept override {
    std::copy(entries.accumulated.begin(), entries.accumulated.end(), scores.begin());
    total = total + std::accumulate(scores.begin(), scores.end(), 0.0);
    calls = calls + 1;
  }
  mutable std::atomic<double> total{0};
  mutable std::atomic<int> calls{0};
};

std::shared_ptr<const model::Model> model_with_sinks(float logit) {
  test::TinyModel tiny;
  for (int layer = 0; layer < tiny.layers; ++layer) {
    tiny.further.push_back({"blk." + std::to_string(layer) + ".attn_sinks.weight", {tiny.heads}, logit});
  }
  const test::TinyFile written(tiny);
  auto file = io::Gguf::open(written.path, {true, io::FileImage::Access::read});
  if (!file) FAIL(file.error().sentence);
  auto config = model::read_config(*file);
  if (!config) FAIL(config.error().sentence);
  config->attention_sinks = true;
  auto model = model::Model::create(std::move(*file), std::move(*config), {.threads = 3});
  if (!model) FAIL(model.error().sentence);
  return *model;
}

std::vector<float> logits_after(const std::shared_ptr<const model::Model>& model, std::vector<std::int32_t> ids,
                                int threads = 2) {
  const auto sequence = test::tiny_sequence(model, {.threads = threads});
  test::read(*sequence, ids);
  return test::logits_of(*sequence);
}

/// Of all evictions while a long text is processed.
double accumulated(const std::shared_ptr<const model::Model>& model, kv::HeadSelection heads) {
  const Summing rule;
  run::SequenceOptions options;
  options.threads = 2;
  options.quotas.assign(3, 32);
  options.chunk = 16;
  options.keep = &rule;
  options.heads = heads;
  auto sequence = run::Sequence::create(model, options);
  if (!sequence) FAIL(sequence.error().sentence);
  test::read(**sequence, test::some_ids(100));
  CHECK(rule.calls > 0);
  return rule.total;
}

}  // namespace

TEST_CASE("a sink far below all scores changes no bit, one far above leaves nothing for the entries") {
  const auto plain = test::tiny_model(), low = model_with_sinks(-1e9f), high = model_with_sinks(1e9f);
  const auto ids = test::some_ids(80);
  CHECK(logits_after(low, ids) == logits_after(plain, ids));
  auto others = ids;
  std::swap(others[3], others[40]);
  CHECK(logits_after(plain, others) != logits_after(plain, ids));
  CHECK(logits_after(high, others) == logits_after(high, ids));
  CHECK(logits_after(high, {1, ids.back()}) == logits_after(high, ids));
}

TEST_CASE("sinks in between, on any number of threads and in any pieces") {
  const auto model = model_with_sinks(0.5f);
  const auto ids = test::some_ids(150);
  const auto whole = logits_after(model, ids, 1);
  CHECK(logits_after(model, ids, 3) == whole);
  CHECK(logits_after(test::tiny_model(), ids) != whole);
  const auto pieces = test::tiny_sequence(model, {});
  for (std::size_t at = 0; at < ids.size(); at += 10) test::read(*pieces, std::span(ids).subspan(at, 10));
  CHECK(test::logits_of(*pieces) == whole);
}

TEST_CASE("what a sink takes is not accumulated by the entries") {
  for (const auto heads : {kv::HeadSelection::together, kv::HeadSelection::apart}) {
    CAPTURE(heads == kv::HeadSelection::apart);
    const double plain = accumulated(test::tiny_model(), heads), some = accumulated(model_with_sinks(0.5f), heads);
    CHECK(accumulated(model_with_sinks(1e9f), heads) == 0);
    CHECK(some > 0);
    CHECK(some < 0.95 * plain);
  }
}

// Selection per KV head through a whole model: where every head keeps the same entries, no bit differs, and where rules
// decide, heads of a layer keep different entries.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "engine/kv/heads.hpp"
#include "engine/run/sequence.hpp"
#include "tests/engine/generate/tiny.hpp"
#include "tests/support/allocation_count.hpp"
#include "tests/support/policies.hpp"

using namespace brim;
using run::Sequence;
using run::SequenceOptions;

namespace {

std::unique_ptr<Sequence> sequence_of(const std::shared_ptr<const model::Model>& model,
                                      const SequenceOptions& options) {
  auto sequence = Sequence::create(model, options);
  if (!sequence) FAIL(sequence.error().sentence);
  return std::move(*sequence);
}

/// A prompt, then token by token; the logits after each of the single tokens.
std::vector<float> answers(Sequence& sequence, const std::vector<std::int32_t>& ids, std::size_t prompt) {
  std::vector<float> all;
  for (std::size_t at = 0; at < ids.size();) {
    const std::size_t count = at == 0 ? prompt : 1;
    if (const Status status = sequence.read(std::span(ids).subspan(at, count), {}, nullptr); !status)
      FAIL(status.error().sentence);
    at += count;
    const auto logits = sequence.logits();
    REQUIRE(logits);
    all.insert(all.end(), logits->begin(), logits->end());
  }
  return all;
}

SequenceOptions quotas_of(std::size_t layers, std::int64_t entries, const std::string& keep) {
  SequenceOptions options;
  options.threads = 2;
  options.quotas.assign(layers, entries);
  options.chunk = 16;
  options.keep = test::rule_named(keep);
  return options;
}

}  // namespace

TEST_CASE("the same entries in each head give the same numbers, apart or together") {
  const auto model = test::tiny_model();  // 3 layers of 2 KV heads
  const auto ids = test::some_ids(330);   // beyond the context: positions are rebased on the way
  SequenceOptions whole;
  whole.threads = 2;
  whole.budget = *kv::parse_budget("full");
  SequenceOptions apart = whole;
  apart.heads = kv::HeadSelection::apart;
  for (const char* type : {"f32", "q8_0:q4_0"}) {
    whole.type = apart.type = *kernels::parse_kv_types(type);
    const auto one = sequence_of(model, whole), other = sequence_of(model, apart);
    REQUIRE(one->memory().kv.chunk == other->memory().kv.chunk);
    CHECK(answers(*one, ids, 250) == answers(*other, ids, 250));
    CHECK(one->cache().rebased() > 0);
    CHECK(one->cache().rebased() == other->cache().rebased());
  }
  SequenceOptions window = quotas_of(3, 64, "window"), window_apart = quotas_of(6, 64, "window");
  window_apart.heads = kv::HeadSelection::apart;
  CHECK(answers(*sequence_of(model, window), ids, 200) == answers(*sequence_of(model, window_apart), ids, 200));
}

TEST_CASE("a layer of one KV head has one choice") {
  test::TinyModel shape;
  shape.kv_heads = 1;
  const auto model = test::tiny_model(shape);
  const auto ids = test::some_ids(200);
  for (const char* keep : {"snapkv", "dynsplit", "knorm", "distinct"}) {
    SequenceOptions together = quotas_of(3, 64, keep), apart = together;
    apart.heads = kv::HeadSelection::apart;
    CHECK(answers(*sequence_of(model, together), ids, 160) == answers(*sequence_of(model, apart), ids, 160));
  }
}

TEST_CASE("a head keeps what it looks at itself, and the budget holds whatever the rule and the split") {
  test::TinyModel shape;
  shape.context = 1024;
  const auto model = test::tiny_model(shape);
  const auto ids = test::some_ids(1500);
  for (const char* keep : {"snapkv", "h2o", "tova", "knorm", "dynsplit", "distinct"}) {
    for (const char* split : {"uniform", "zigzag", "cake"}) {
      SequenceOptions options;
      options.threads = 2;
      options.budget = *kv::parse_budget("50%");
      options.split = test::split_named(split);
      options.keep = test::rule_named(keep);
      options.heads = kv::HeadSelection::apart;
      const auto sequence = sequence_of(model, options);
      REQUIRE(sequence->read(std::span(ids).first(900), {}, nullptr));
      const kv::Memory& cache = sequence->cache();
      CHECK(cache.evicted() > 0);
      std::set<std::vector<std::int64_t>> kept;
      for (int head = 0; head < 6; ++head) {
        const auto positions = cache.view(kv::StreamId{head}).positions();
        kept.insert({positions.begin(), positions.end()});
      }
      CHECK_MESSAGE(kept.size() > 3, keep, " ", split);  // more than one choice for each of the three layers
      const std::size_t before = test::allocation_count();
      for (std::size_t i = 900; i < ids.size(); ++i) {
        if (!sequence->read(std::span(ids).subspan(i, 1), {}, nullptr)) FAIL("decoding failed");
      }
      CHECK(test::allocation_count() == before);
      CHECK(cache.rebased() > 0);
      CHECK(cache.bytes_peak() <= sequence->memory().kv.budget_bytes);
      const kv::StreamStats mean = kv::layer_stats(cache, kv::LayerId{1});
      CHECK(mean.used * 2 >= cache.stats(kv::StreamId{2}).used + cache.stats(kv::StreamId{3}).used);
      CHECK(mean.used * 2 <= cache.stats(kv::StreamId{2}).used + cache.stats(kv::StreamId{3}).used + 1);
    }
  }
}

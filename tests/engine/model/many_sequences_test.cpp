// Several sequences in one pass: each is bit for bit what it is alone, whatever its plan, the other sequences and the
// threads.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "engine/kv/heads.hpp"
#include "engine/model/decoder.hpp"
#include "kernels/dispatch.hpp"
#include "tests/engine/kv/fake_model.hpp"
#include "tests/support/plain_gemm.hpp"
#include "tests/support/policies.hpp"
#include "tests/support/saved_bytes.hpp"
#include "tests/support/tiny_file.hpp"
#include "tests/support/tiny_recurrent.hpp"

using namespace brim;
using test::Random;

namespace {

std::shared_ptr<const model::Model> load(const test::TinyModel& shape, const kernels::Table* table = nullptr) {
  const test::TinyFile file(shape);
  auto model = model::Model::load(file.path, {.threads = 3, .table = table});
  if (!model) FAIL(model.error().sentence);
  return *model;
}

/// A KV memory, its bytes, its rotation and the plan that they were created for.
class Sequence {
 public:
  Sequence(const model::Model& model, const kv::Plan& plan)
      : rope_(model.config(), model.weights().rope_factors, plan.shape.context),
        bytes_(static_cast<std::size_t>(plan.budget_bytes) + 64) {
    const std::size_t offset = (64 - reinterpret_cast<std::uintptr_t>(bytes_.data()) % 64) % 64;
    auto memory =
        kv::Memory::create(plan, std::span(bytes_).subspan(offset, static_cast<std::size_t>(plan.budget_bytes)),
                           model.table(), &rope_, model.delimiters());
    if (!memory) FAIL(memory.error().sentence);
    memory_ = std::move(*memory);
  }

  kv::Memory& memory() { return *memory_; }
  model::SequenceStep step(std::span<const std::int32_t> tokens, std::span<const kernels::RowRole> roles = {}) {
    return {memory_.get(), &rope_, tokens, roles};
  }
  std::vector<std::byte> state() const {
    StateWriter writer;
    memory_->save(writer);
    return test::saved_bytes(writer);
  }

 private:
  model::Rope rope_;
  std::vector<std::byte> bytes_;
  std::unique_ptr<kv::Memory> memory_;
};

/// Buffers for passes over any of these plans, and a decoder that uses them.
class Pass {
 public:
  Pass(const model::Model& model, const std::vector<kv::Plan>& plans, std::int64_t rows, int threads)
      : vocabulary_(static_cast<std::size_t>(model.config().vocabulary)),
        decoder_(model, work_, model.runtime(threads)) {
    model::WorkspaceShape shape;
    for (const kv::Plan& plan : plans)
      shape = model::cover(shape, model::workspace_shape(plan, model.table(), threads));
    shape.chunk = rows;
    bytes_.resize(model::Workspace::bytes(model.config(), shape) + 64);
    const std::size_t offset = (64 - reinterpret_cast<std::uintptr_t>(bytes_.data()) % 64) % 64;
    work_.lay_out(model.config(), shape, std::span(bytes_).subspan(offset));
  }
  model::Decoder& decoder() { return decoder_; }
  std::vector<float> logits(std::int64_t row) {
    std::vector<float> found(vocabulary_);
    decoder_.logits(row, 1, found);
    return found;
  }

 private:
  std::size_t vocabulary_;
  std::vector<std::byte> bytes_;
  model::Workspace work_;
  model::Decoder decoder_;
};

kv::Plan random_plan(Random& random, const model::Config& config) {
  constexpr const char* kSplits[] = {"uniform", "zigzag", "cake", "squeeze"};
  constexpr const char* kRules[] = {"window", "snapkv", "tova", "dynsplit", "knorm", "h2o-value", "distinct"};
  for (;;) {
    kv::Shape shape = model::kv_shape(config, random.pick(100, 300), kernels::KvType::f16);
    test::store_at_random(shape, random);
    const bool apart = random.pick(0, 3) == 0;
    if (apart) shape = kv::heads_apart(shape, static_cast<int>(model::kPassTile));
    const bool sparse = !apart && random.pick(0, 3) == 0;
    const auto plan =
        test::make_plan(shape, test::budget_share(static_cast<double>(random.pick(15, 100))), std::int64_t{1} << 30,
                        kSplits[random.pick(0, 3)], kRules[random.pick(0, 6)], {}, {sparse, 0.4});
    if (plan) return *plan;
  }
}

/// With blocks: long prompts, in which blocks of any length begin.
enum class Texts { any, blocks };

kernels::RowRole random_role(Random& random, Texts texts) {
  if (texts == Texts::any) return static_cast<kernels::RowRole>(random.pick(0, 1));
  if (random.pick(0, 40) == 0) return kernels::RowRole::generated;
  return random.pick(0, 12) == 0 ? kernels::RowRole::block_start : kernels::RowRole::prompt;
}

kv::Plan plan_for(Random& random, const model::Config& config, Texts texts) {
  if (texts == Texts::any) return random_plan(random, config);
  const auto plan =
      test::make_plan(model::kv_shape(config, random.pick(200, 300), kernels::KvType::f16),
                      test::budget_share(static_cast<double>(random.pick(60, 100))), 0, "uniform", "window");
  if (!plan) FAIL(plan.error().sentence);
  return *plan;
}

struct Mix {
  std::int64_t rows = 0, evicted = 0, rebased = 0;
};

/// The same tokens through sequences in shared passes and through their twins alone, until all have processed more
/// tokens than their contexts.
Mix compare(const model::Model& model, std::uint64_t seed, std::size_t count, int threads, Texts texts = Texts::any) {
  Random random(seed);
  Mix mix;
  std::vector<kv::Plan> plans;
  for (std::size_t i = 0; i < count; ++i) plans.push_back(plan_for(random, model.config(), texts));
  std::vector<std::unique_ptr<Sequence>> together, alone;
  for (const kv::Plan& plan : plans) {
    together.push_back(std::make_unique<Sequence>(model, plan));
    alone.push_back(std::make_unique<Sequence>(model, plan));
  }
  Pass pass(model, plans, 400, threads), other(model, plans, 400, 1);
  for (int round = 0; round < 60; ++round) {
    std::vector<std::size_t> who;
    std::vector<std::vector<std::int32_t>> tokens;
    std::vector<std::vector<kernels::RowRole>> roles;
    std::int64_t rows = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (random.pick(0, 4) == 0) continue;
      const std::int64_t max = std::min(std::int64_t{plans[i].chunk}, 400 - rows);
      const bool often = random.pick(0, 3) != 0, single = texts == Texts::any ? often : !often;
      const std::int64_t n = single ? std::min<std::int64_t>(1, max) : random.pick(0, max);
      if (n == 0) continue;
      who.push_back(i);
      tokens.emplace_back();
      roles.emplace_back();
      for (std::int64_t t = 0; t < n; ++t) {
        tokens.back().push_back(static_cast<std::int32_t>(random.pick(3, model.config().vocabulary - 1)));
        roles.back().push_back(random_role(random, texts));
      }
      rows += n;
    }
    if (who.empty()) continue;
    std::vector<model::SequenceStep> steps;
    for (std::size_t i = 0; i < who.size(); ++i) steps.push_back(together[who[i]]->step(tokens[i], roles[i]));
    REQUIRE(pass.decoder().forward(steps, nullptr));
    CHECK(pass.decoder().last_tokens() == rows);
    std::int64_t row = 0;
    for (std::size_t i = 0; i < who.size(); ++i) {
      row += static_cast<std::int64_t>(tokens[i].size());
      const model::SequenceStep step = alone[who[i]]->step(tokens[i], roles[i]);
      REQUIRE(other.decoder().forward({&step, 1}, nullptr));
      const bool same = pass.logits(row - 1) == other.logits(static_cast<std::int64_t>(tokens[i].size()) - 1);
      CHECK_MESSAGE(same, "round ", round, ", sequence ", who[i], " of ", who.size(), ": ", plans[who[i]].split, " ",
                    plans[who[i]].keep);
      if (!same) return mix;
    }
    mix.rows = std::max(mix.rows, rows);
  }
  for (std::size_t i = 0; i < count; ++i) {
    CHECK(together[i]->state() == alone[i]->state());
    mix.evicted += together[i]->memory().evicted();
    mix.rebased += together[i]->memory().rebased();
  }
  return mix;
}

}  // namespace

TEST_CASE("sequences in one pass are bit for bit what each is alone") {
  Mix all;
  for (const quant::Format format :
       {quant::Format::f32, quant::Format::q8_0, quant::Format::q4_0, quant::Format::q6_k}) {
    test::TinyModel shape;
    shape.format = format;
    shape.window = format == quant::Format::q8_0 ? 40 : 0;
    if (format == quant::Format::q6_k) shape.embedding = shape.feed_forward = 256;
    const auto model = load(shape);
    std::uint64_t seed = 100 * static_cast<std::uint64_t>(format);
    for (const std::size_t count : {1u, 2u, 5u, 16u}) {
      CAPTURE(count);
      const Mix mix = compare(*model, ++seed, count, 1 + static_cast<int>(count % 3));
      all.rows = std::max(all.rows, mix.rows);
      all.evicted += mix.evicted;
      all.rebased += mix.rebased;
    }
  }
  CHECK(all.rows >= 16);
  CHECK(all.evicted > 0);
  CHECK(all.rebased > 0);
}

TEST_CASE("so they are where recurrences go through prompts in blocks, which tiles do not cut") {
  for (const std::string architecture : {"qwen35", "granitehybrid", "falcon-h1"}) {
    CAPTURE(architecture);
    const auto model = load(test::tiny_recurrent(architecture));
    (void)compare(*model, 503, 3, 2, Texts::blocks);
    CHECK(compare(*model, 512, 12, 2, Texts::blocks).rows > model::kPassTile);
  }
}

TEST_CASE("so they are where prompts are multiplied in a way of their own, token by token or in chunks") {
  const kernels::Table table = test::with_plain_gemm(kernels::active());
  test::TinyModel shape;
  shape.format = quant::Format::q8_0;
  const auto model = load(shape, &table);
  for (const std::size_t count : {1u, 5u}) (void)compare(*model, 900 + count, count, 2);
  CHECK(test::plain_gemm_faults == 0);

  // A prompt's bits do not depend on how it is cut into pieces.
  Random random(77);
  const auto plan = test::make_plan(model::kv_shape(model->config(), 200, kernels::KvType::f16), test::budget_full(), 0,
                                    "uniform", "window");
  REQUIRE(plan);
  Sequence whole(*model, *plan), pieces(*model, *plan), generated(*model, *plan);
  Pass pass(*model, {*plan}, 64, 2);
  std::vector<std::int32_t> tokens;
  for (int i = 0; i < 30; ++i)
    tokens.push_back(static_cast<std::int32_t>(random.pick(3, model->config().vocabulary - 1)));
  const std::vector<kernels::RowRole> roles(tokens.size(), kernels::RowRole::prompt);
  const auto last = [&](Sequence& sequence, std::size_t piece, bool prompt) {
    for (std::size_t at = 0; at < tokens.size(); at += piece) {
      const std::size_t n = std::min(piece, tokens.size() - at);
      const auto step = sequence.step(std::span(tokens).subspan(at, n),
                                      prompt ? std::span(roles).first(n) : std::span(roles).first(0));
      REQUIRE(pass.decoder().forward({&step, 1}, nullptr));
    }
    return pass.logits(pass.decoder().last_tokens() - 1);
  };
  const auto expected = last(whole, 30, true);
  CHECK(last(pieces, 7, true) == expected);
  // Only panels have another way, and not every set repacks weights into them.
  const bool repacked = table.panels_pay[static_cast<std::size_t>(quant::Format::q8_0)];
  CHECK((last(generated, 30, false) != expected) == repacked);
}

TEST_CASE("a few long contexts, which threads work on in parts, side by side") {
  for (const std::int64_t window : {0, 700}) {
    CAPTURE(window);
    test::TinyModel shape;
    shape.context = 4096;
    shape.layers = 2;
    shape.window = window;
    const auto model = load(shape);
    const auto plan = test::make_plan(model::kv_shape(model->config(), 4096, kernels::KvType::f16), test::budget_full(),
                                      0, "uniform", "window");
    REQUIRE(plan);
    constexpr std::array<std::int64_t, 3> kRead{1500, 2600, 30};
    const auto piece = static_cast<std::size_t>(std::min<std::int64_t>(250, plan->chunk));
    std::vector<std::unique_ptr<Sequence>> together, alone;
    Pass pass(*model, {*plan}, 400, 3), other(*model, {*plan}, 400, 1);
    Random random(31);
    const auto some = [&](std::int64_t count) {
      std::vector<std::int32_t> tokens;
      for (std::int64_t i = 0; i < count; ++i)
        tokens.push_back(static_cast<std::int32_t>(random.pick(3, model->config().vocabulary - 1)));
      return tokens;
    };
    for (const std::int64_t count : kRead) {
      const auto tokens = some(count);
      for (auto* all : {&together, &alone}) {
        all->push_back(std::make_unique<Sequence>(*model, *plan));
        for (std::size_t at = 0; at < tokens.size(); at += piece) {
          const auto step = all->back()->step(std::span(tokens).subspan(at, std::min(piece, tokens.size() - at)));
          const Status status = other.decoder().forward({&step, 1}, nullptr);
          if (!status) FAIL(status.error().sentence);
        }
      }
    }
    for (const std::array<std::int64_t, 3> counts :
         {std::array<std::int64_t, 3>{1, 1, 1}, {1, 4, 11}, {3, 1, 1}, {9, 9, 9}, {1, 1, 120}, {1, 1, 1}}) {
      std::vector<std::vector<std::int32_t>> tokens;
      std::vector<model::SequenceStep> steps;
      for (std::size_t i = 0; i < 3; ++i) tokens.push_back(some(counts[i]));
      for (std::size_t i = 0; i < 3; ++i) steps.push_back(together[i]->step(tokens[i]));
      REQUIRE(pass.decoder().forward(steps, nullptr));
      std::int64_t row = 0;
      for (std::size_t i = 0; i < 3; ++i) {
        const auto step = alone[i]->step(tokens[i]);
        REQUIRE(other.decoder().forward({&step, 1}, nullptr));
        for (std::int64_t t = 0; t < counts[i]; ++t, ++row) CHECK(pass.logits(row) == other.logits(t));
      }
    }
    for (std::size_t i = 0; i < 3; ++i) CHECK(together[i]->state() == alone[i]->state());
  }
}

TEST_CASE("a pass that cannot be done changes nothing") {
  const auto model = load({});
  Random random(5);
  const std::vector<kv::Plan> plans{random_plan(random, model->config()), random_plan(random, model->config())};
  Sequence first(*model, plans[0]), second(*model, plans[1]);
  Pass pass(*model, plans, 16, 1);
  const std::vector<std::int32_t> good{5, 6, 7}, bad{5, -1}, long_one(17, 5);
  const auto fails = [&](std::initializer_list<model::SequenceStep> steps) {
    const Status status = pass.decoder().forward(std::span(steps.begin(), steps.size()), nullptr);
    CHECK(!status);
    CHECK(status.error().code == ErrorCode::invalid_argument);
    CHECK(first.memory().tokens() == 0);
    CHECK(second.memory().tokens() == 0);
  };
  fails({});
  fails({first.step(good), second.step(bad)});
  fails({first.step(good), second.step({})});
  fails({first.step(good), second.step(long_one)});
  const std::vector<model::SequenceStep> crowd(model::kMaxSequences + 1, first.step(good));
  CHECK(!pass.decoder().forward(crowd, nullptr));
  const std::atomic<bool> cancel{true};
  const std::vector<model::SequenceStep> both{first.step(good), second.step(good)};
  const Status status = pass.decoder().forward(both, &cancel);
  REQUIRE(!status);
  CHECK(status.error().code == ErrorCode::cancelled);
  CHECK(first.memory().tokens() == 0);
  CHECK(second.memory().tokens() == 0);
  CHECK(!first.memory().stale());
  REQUIRE(pass.decoder().forward(both, nullptr));
  CHECK(first.memory().tokens() == 3);
  CHECK(second.memory().tokens() == 3);
}

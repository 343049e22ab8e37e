// A layer kind that is not attention: a recurrent one, invented for this test. Its state is inside the budget, is part
// of copies and saved sessions, and is reset to checkpoints; a layer may also mix nothing, or have no feed-forward.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>

#include "engine/model/layers/mixer.hpp"
#include "engine/model/pass.hpp"
#include "tests/engine/generate/cached.hpp"
#include "tests/engine/generate/tiny.hpp"
#include "tests/engine/generate/together.hpp"
#include "tests/support/saved_bytes.hpp"
#include "tests/support/tiny_file.hpp"

using namespace brim;
using run::Sequence;
using test::go_on;
using test::logits_of;
using test::read;

namespace {

/// state = 0.9 · state + query · norm(stream); stream += output · tanh(state).
class Leaky final : public model::Mixer {
 public:
  std::string_view name() const override { return "leaky"; }
  std::int64_t state_bytes(const model::Config& config, const model::LayerConfig&) const override {
    return config.embedding * static_cast<std::int64_t>(sizeof(float));
  }
  Status read_weights(const model::TensorFinder& finder, const model::Config& config, const model::LayerConfig&,
                      model::LayerWeights& weights) const override {
    BRIM_ASSIGN(weights.attention_norm, finder.vector("attn_norm.weight", config.embedding));
    BRIM_ASSIGN(weights.query, finder.linear("attn_q", config.embedding, config.embedding));
    BRIM_ASSIGN(weights.output, finder.linear("attn_output", config.embedding, config.embedding));
    return {};
  }
  void run(const model::Pass& pass, kv::LayerId layer) const noexcept override {
    const model::LayerWeights& weights = pass.weights.layer(layer);
    const std::int64_t width = pass.config.embedding;
    model::for_tiles(pass, [&](const model::Pass& tile) {
      model::normalise(tile, tile.stream(), weights.attention_norm, tile.work.normed.data());
      model::apply(tile, tile.work.normed.data(), {{weights.query, tile.work.query.data()}});
      for (const model::Segment& segment : tile.segments) {
        if (segment.row >= tile.first + tile.tokens || segment.row + segment.tokens <= tile.first) continue;
        const model::CommonRows rows(tile, segment);
        auto* state = reinterpret_cast<float*>(segment.chunk->state(layer).data());
        for (std::int64_t t = 0; t < rows.tokens; ++t) {
          const float* input = tile.work.query.data() + (rows.in_tile + t) * width;
          float* mixed = tile.work.mixed.data() + (rows.in_tile + t) * width;
          for (std::int64_t i = 0; i < width; ++i) {
            state[i] = 0.9f * state[i] + input[i];
            mixed[i] = std::tanh(state[i]);
          }
        }
        tokens.fetch_add(rows.tokens);
      }
      model::apply(tile, tile.work.mixed.data(), {{weights.output, tile.work.branch.data()}});
      model::add_branch(tile, {});
    });
    if (cancels != nullptr && tokens.load() >= cancel_at) cancels->store(true);
  }

  mutable std::atomic<std::int64_t> tokens{0};
  std::atomic<bool>* cancels = nullptr;  ///< is set once `cancel_at` tokens were processed
  std::int64_t cancel_at = 0;
};

/// A tiny model of four layers: attention, leaky, attention without feed-forward, and a feed-forward alone.
std::shared_ptr<const model::Model> hybrid(const Leaky& leaky) {
  test::TinyModel tiny;
  tiny.layers = 4;
  tiny.leaves_out = [](const std::string& name) {
    return name == "blk.1.attn_k.weight" || name == "blk.1.attn_v.weight" || name.starts_with("blk.2.ffn") ||
           name.starts_with("blk.3.attn");
  };
  const test::TinyFile written(tiny);
  auto file = io::Gguf::open(written.path, {true, io::FileImage::Access::read});
  if (!file) FAIL(file.error().sentence);
  auto config = model::read_config(*file);
  if (!config) FAIL(config.error().sentence);
  config->layers[1].mixer = &leaky;
  config->layers[2].kind = model::FeedForward::none;
  config->layers[3].mixer = nullptr;
  auto model = model::Model::create(std::move(*file), std::move(*config), {.threads = 3});
  if (!model) FAIL(model.error().sentence);
  return *model;
}

/// The logits of a new sequence that processes `prompt` and then `answer`.
std::vector<float> fresh(const std::shared_ptr<const model::Model>& model, std::span<const std::int32_t> prompt,
                         std::span<const std::int32_t> answer, const std::string& budget = "full") {
  const auto sequence = test::tiny_sequence(model, {.budget = budget});
  read(*sequence, prompt);
  go_on(*sequence, answer);
  return logits_of(*sequence);
}

}  // namespace

TEST_CASE("the state decides, and is inside the budget") {
  const Leaky leaky;
  const auto model = hybrid(leaky);
  const auto sequence = test::tiny_sequence(model, {});
  const kv::Plan& plan = sequence->memory().kv;
  CHECK(plan.shape.layers.size() == 2);
  CHECK(plan.shape.place(kv::StreamId{1}).layer == kv::LayerId{2});
  CHECK(plan.state_bytes == 64 * 4);
  CHECK(plan.budget_bytes == plan.full_bytes);
  CHECK(kv::layer_stats(sequence->cache(), kv::LayerId{1}).quota == 0);
  CHECK(kv::layer_stats(sequence->cache(), kv::LayerId{2}).quota == 256);
  const auto ids = test::some_ids(60);
  read(*sequence, ids);
  CHECK(sequence->cache().bytes_used() <= plan.budget_bytes);
  CHECK(leaky.tokens == 60);
  for (const float logit : logits_of(*sequence)) REQUIRE(std::isfinite(logit));
  // Without its state the same last token, after the same entries, would have other logits.
  const auto other = test::tiny_sequence(model, {});
  auto changed = ids;
  changed[1] = changed[1] + 1;
  read(*other, changed);
  CHECK(logits_of(*other) != logits_of(*sequence));
}

TEST_CASE("the same text in any pieces, and beyond the context, is the same") {
  const Leaky leaky;
  const auto model = hybrid(leaky);
  const auto ids = test::some_ids(64);
  const auto whole = test::tiny_sequence(model, {.threads = 1}), pieces = test::tiny_sequence(model, {.threads = 3});
  read(*whole, ids);
  for (std::size_t at = 0; at < 64; at += 16) read(*pieces, std::span(ids).subspan(at, 16));
  CHECK(logits_of(*whole) == logits_of(*pieces));
  const auto longer = test::some_ids(700);
  for (Sequence* sequence : {whole.get(), pieces.get()}) {
    read(*sequence, longer);
    CHECK(sequence->cache().rebased() > 0);
    for (const float logit : logits_of(*sequence)) REQUIRE(std::isfinite(logit));
  }
  CHECK(logits_of(*whole) == logits_of(*pieces));
}

TEST_CASE("going back takes up the newest checkpoint and processes no more than what follows it") {
  const Leaky leaky;
  const auto model = hybrid(leaky);
  const auto ids = test::some_ids(100);
  const auto part = [&](std::size_t from, std::size_t to) { return std::span(ids).subspan(from, to - from); };
  for (const bool with_checkpoint : {true, false}) {
    CAPTURE(with_checkpoint);
    const auto full = test::tiny_sequence(model, {});
    const std::string budget =
        std::to_string(with_checkpoint ? full->memory().kv.full_bytes : full->memory().kv.min_bytes);
    const auto sequence = test::tiny_sequence(model, {.budget = budget});
    REQUIRE(sequence->memory().kv.checkpoints == (with_checkpoint ? 1 : 0));
    read(*sequence, part(0, 40));
    go_on(*sequence, part(40, 55));
    leaky.tokens = 0;
    // The answer is taken back, to make another one.
    REQUIRE(sequence->rewind(40, {}, nullptr));
    CHECK(leaky.tokens == (with_checkpoint ? 0 : 40));
    go_on(*sequence, part(60, 70));
    CHECK(logits_of(*sequence) == fresh(model, part(0, 40), part(60, 70), budget));
    // A part of the answer is taken back: what follows the checkpoint is processed again.
    leaky.tokens = 0;
    REQUIRE(sequence->rewind(45, {}, nullptr));
    CHECK(leaky.tokens == (with_checkpoint ? 5 : 45));
    CHECK(sequence->tokens() == 45);
  }
}

TEST_CASE("a pass that was cancelled in the middle leaves nothing behind") {
  Leaky leaky;
  const auto model = hybrid(leaky);
  const auto ids = test::some_ids(60);
  const auto sequence = test::tiny_sequence(model, {});
  read(*sequence, std::span(ids).first(40));
  go_on(*sequence, std::span(ids).subspan(40, 5));
  std::atomic<bool> cancel{false};
  leaky.tokens = 0;
  leaky.cancels = &cancel;
  leaky.cancel_at = 1;
  CHECK(sequence->read_next(ids[45], &cancel).error().code == ErrorCode::cancelled);
  leaky.cancels = nullptr;
  leaky.tokens = 0;
  go_on(*sequence, std::span(ids).subspan(45, 5));
  CHECK(leaky.tokens == 10);  // five tokens of the answer again, from the checkpoint after the prompt, and the five
  CHECK(logits_of(*sequence) == fresh(model, std::span(ids).first(40), std::span(ids).subspan(40, 10)));
}

TEST_CASE("copies and saved sequences have the state and its checkpoints") {
  const Leaky leaky;
  const auto model = hybrid(leaky);
  const auto ids = test::some_ids(60);
  const auto sequence = test::tiny_sequence(model, {}), other = test::tiny_sequence(model, {});
  read(*sequence, std::span(ids).first(40));
  go_on(*sequence, std::span(ids).subspan(40, 5));
  StateWriter writer;
  REQUIRE(sequence->save(writer));
  const std::vector<std::byte> saved = test::saved_bytes(writer);
  StateReader state("a state", {saved});
  REQUIRE(other->restore(state));
  go_on(*sequence, std::span(ids).subspan(45, 5));
  go_on(*other, std::span(ids).subspan(45, 5));
  CHECK(logits_of(*sequence) == logits_of(*other));
  leaky.tokens = 0;
  REQUIRE(other->rewind(40, {}, nullptr));
  CHECK(leaky.tokens == 0);
  go_on(*other, std::span(ids).subspan(50, 5));
  CHECK(logits_of(*other) == fresh(model, std::span(ids).first(40), std::span(ids).subspan(50, 5)));
}

TEST_CASE("sequences in one pass keep states apart") {
  const Leaky leaky;
  const auto model = hybrid(leaky);
  const auto ids = test::some_ids(90);
  auto executor = std::make_shared<run::Executor>(model, 2);
  std::vector<std::span<const std::int32_t>> prompts;
  for (std::size_t i = 0; i < 3; ++i) prompts.push_back(std::span(ids).subspan(0, 10 + 7 * i));
  const test::Sequences sequences = test::sequences_after(model, executor, prompts);
  for (std::size_t step = 0; step < 8; ++step) test::step_together(*executor, sequences, ids[40 + step]);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(logits_of(*sequences[i]) == fresh(model, prompts[i], std::span(ids).subspan(40, 8)));
  }
}

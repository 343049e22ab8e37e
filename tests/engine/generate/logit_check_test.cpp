// Damaged weights lead to a sentence, and never to token 0.
#include "engine/generate/logit_check.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "engine/generate/session.hpp"
#include "tests/engine/generate/sampling.hpp"
#include "tests/engine/generate/tiny.hpp"
#include "tests/support/policies.hpp"

using namespace brim;
using generate::SamplingOptions;
using test::Sampler;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::string refusal(const std::vector<float>& logits) {
  const Status status = generate::check_logits(logits, 12);
  return status ? "" : status.error().sentence;
}

}  // namespace

TEST_CASE("logits are numbers or -inf, and the sentence names the first that is not") {
  CHECK(refusal({1, -kInfinity, 2}).empty());
  CHECK(refusal({1, NAN, 2}).find("after token 12 of the text") != std::string::npos);
  CHECK(refusal({1, NAN, 2}).find("NaN for token id 1") != std::string::npos);
  CHECK(refusal({1, 2, kInfinity}).find("infinity for token id 2") != std::string::npos);
  CHECK(refusal({-kInfinity, -kInfinity}).find("all 2 token ids") != std::string::npos);
  CHECK(generate::check_logits(std::vector<float>{NAN}, 1).error().code == ErrorCode::bad_file);
}

TEST_CASE("no sampler picks a token from such logits, and none draws for it") {
  std::vector<SamplingOptions> chains{test::plain(), {}, {}, {}, {}};
  chains[1].temperature = 0;
  chains[2].mirostat = 2;
  chains[3].repeat_penalty = 1.2;
  chains[4].logit_bias = {{0, 1.0f}};
  const std::vector<float> good{0.5f, 1, 0.25f, 2, 0.125f};
  for (const SamplingOptions& options : chains) {
    Sampler sampler = test::make(options, good.size()), undisturbed = test::make(options, good.size());
    for (const float wrong : {NAN, kInfinity}) {
      for (std::size_t at = 0; at < good.size(); ++at) {
        std::vector<float> logits = good;
        logits[at] = wrong;
        CHECK(sampler.sample(logits, {}) == Sampler::kNoToken);
      }
    }
    CHECK(sampler.sample(std::vector<float>(good.size(), -kInfinity), {}) == Sampler::kNoToken);
    CHECK(sampler.sample(std::vector<float>(good.size(), NAN), {}) == Sampler::kNoToken);
    std::vector<float> banned = good;
    banned[3] = -kInfinity;
    CHECK(sampler.sample(banned, {}) != Sampler::kNoToken);
    CHECK(undisturbed.sample(banned, {}) != Sampler::kNoToken);
    for (int draw = 0; draw < 20; ++draw) CHECK(sampler.sample(good, {}) == undisturbed.sample(good, {}));
  }
}

TEST_CASE("a session of a damaged model says so, whatever tensor it is and however the cache keeps and evicts") {
  const auto ids = test::some_ids(200);
  for (const quant::Format format : {quant::Format::f32, quant::Format::q8_0}) {
    for (const std::string damaged : {"output_norm.weight", "blk.0.attn_norm.weight", "blk.1.attn_q.weight",
                                      "blk.1.attn_k.weight", "blk.1.attn_v.weight", "blk.2.attn_output.weight",
                                      "blk.1.ffn_norm.weight", "blk.0.ffn_gate.weight", "blk.2.ffn_down.weight"}) {
      test::TinyModel shape;
      shape.format = format;
      shape.damaged = damaged;
      const auto model = test::tiny_model(shape);
      for (const std::string keep : {"window", "h2o", "tova", "dynsplit", "distinct"}) {
        for (const auto types : {kernels::KvTypes{kernels::KvType::f16, kernels::KvType::f16},
                                 kernels::KvTypes{kernels::KvType::q8_0, kernels::KvType::q8_0},
                                 kernels::KvTypes{kernels::KvType::q4_0, kernels::KvType::q4_0}}) {
          CAPTURE(damaged);
          CAPTURE(keep);
          CAPTURE(static_cast<int>(format));
          CAPTURE(static_cast<int>(types.key));
          generate::SessionOptions options;
          options.sequence.keep = test::rule_named(keep);
          options.sequence.type = types;
          options.sequence.budget = *kv::parse_budget("60%");
          auto session = generate::Session::create(model, options);
          if (!session) FAIL(session.error().sentence);
          REQUIRE((*session)->append(ids));
          const auto piece = (*session)->next();
          CHECK(!piece);
          if (piece) continue;
          CHECK(piece.error().code == ErrorCode::bad_file);
          CHECK(piece.error().sentence.find("after token 200 of the text") != std::string::npos);
          CHECK((*session)->next().error().sentence == piece.error().sentence);
        }
      }
    }
  }
}

TEST_CASE("options that ban every token are named as the reason") {
  const auto model = test::tiny_model();
  generate::SessionOptions options;
  for (std::int32_t id = 0; id < model->config().vocabulary; ++id)
    options.sampling.logit_bias.emplace_back(id, -kInfinity);
  auto session = generate::Session::create(model, options);
  REQUIRE(session);
  REQUIRE((*session)->append("the dog", {}));
  const auto piece = (*session)->next();
  REQUIRE(!piece);
  CHECK(piece.error().code == ErrorCode::invalid_argument);
  CHECK(piece.error().sentence.find("logit_bias") != std::string::npos);
}

// The chain as a whole: draws, seeds, order, bad logits, bad options, memory and time.
#include "engine/generate/sampler.hpp"

#include <chrono>

#include "engine/generate/random.hpp"
#include "tests/engine/generate/sampling.hpp"
#include "tests/support/allocation_count.hpp"

using namespace brim;
using namespace brim::test;

namespace {

std::vector<float> noise(std::size_t size, std::uint64_t seed) {
  generate::Random random(seed);
  std::vector<float> logits(size);
  for (float& logit : logits) logit = static_cast<float>((random.unit() + random.unit() + random.unit() - 1.5) * 12);
  return logits;
}

SamplingOptions everything() {
  SamplingOptions options;
  options.seed = 5;
  options.typical_p = 0.98;
  options.top_k = 200;
  options.repeat_penalty = 1.1;
  options.frequency_penalty = 0.1;
  options.presence_penalty = 0.1;
  options.dry_multiplier = 0.8;
  options.dry_breakers = {{3}, {4, 5}};
  options.xtc_probability = 0.5;
  options.logit_bias = {{7, 2.0f}, {8, -INFINITY}};
  return options;
}

}  // namespace

TEST_CASE("draws follow the softmax") {
  const std::vector<double> shares = {0.4, 0.25, 0.2, 0.1, 0.05};
  Sampler sampler = make(plain(), shares.size());
  CHECK(chi_square(draws(sampler, logits_of(shares), 40000), shares, 40000) < 30);
}

TEST_CASE("temperature reshapes the softmax") {
  const std::vector<double> shares = {0.4, 0.3, 0.2, 0.1};
  for (const double temperature : {0.5, 2.0}) {
    SamplingOptions options = plain();
    options.temperature = temperature;
    std::vector<double> reshaped;
    for (const double share : shares) reshaped.push_back(std::pow(share, 1 / temperature));
    Sampler sampler = make(options, shares.size());
    CHECK(chi_square(draws(sampler, logits_of(shares), 40000), reshaped, 40000) < 30);
  }
}

TEST_CASE("extreme temperatures: the best one, or all alike") {
  SamplingOptions options = plain();
  options.temperature = 1e-30;
  CHECK(support(options, {1, 5, 4.999f, -3e38f}) == std::set<TokenId>{1});
  options.temperature = 1e30;
  Sampler sampler = make(options, 4);
  CHECK(chi_square(draws(sampler, {1, 50, -80, 90}, 40000), {1, 1, 1, 1}, 40000) < 30);
}

TEST_CASE("temperature 0 takes the most likely, the lowest id among equals, whatever the filters") {
  SamplingOptions options = everything();
  options.temperature = 0;
  options.repeat_penalty = 1;
  options.frequency_penalty = options.presence_penalty = options.dry_multiplier = 0;
  options.logit_bias.clear();
  CHECK(support(options, {1, 2, 5, 5, 4}) == std::set<TokenId>{2});
  options.mirostat = 2;
  CHECK(support(options, {1, 2, 5, 5, 4}) == std::set<TokenId>{2});
  options.logit_bias = {{0, 5.0f}, {2, -INFINITY}};
  CHECK(support(options, {1, 2, 5, 5, 4}) == std::set<TokenId>{0});
}

TEST_CASE("the same seed gives the same tokens, reset starts over, another seed differs") {
  const std::vector<float> logits = noise(500, 3);
  for (const int mirostat : {0, 1, 2}) {
    SamplingOptions options = plain();
    options.mirostat = mirostat;
    options.temperature = 1.3;
    const auto sequence = [&](Sampler& sampler) {
      std::vector<TokenId> tokens;
      for (int index = 0; index < 60; ++index) tokens.push_back(sampler.sample(logits, tokens));
      return tokens;
    };
    Sampler one = make(options, logits.size()), same = make(options, logits.size());
    options.seed = 2;
    Sampler other = make(options, logits.size());
    const std::vector<TokenId> first = sequence(one);
    CHECK(sequence(same) == first);
    CHECK(sequence(other) != first);
    CHECK(sequence(one) != first);
    one.reset();
    CHECK(sequence(one) == first);
  }
}

TEST_CASE("a recorded sequence: the same on every machine") {
  SamplingOptions options;
  options.seed = 42;
  Sampler sampler = make(options, 1000);
  std::vector<TokenId> tokens;
  for (std::uint64_t index = 0; index < 12; ++index) tokens.push_back(sampler.sample(noise(1000, index), tokens));
  const std::vector<TokenId> recorded = {946, 925, 218, 767, 320, 380, 151, 421, 679, 542, 562, 597};
  CHECK(tokens == recorded);
}

TEST_CASE("tokens at minus infinity are never drawn; NaN, infinity, or nothing else, gives no token") {
  constexpr float kLow = -INFINITY;
  for (SamplingOptions options : {plain(), everything(), SamplingOptions()}) {
    for (const int mirostat : {0, 1, 2}) {
      for (const double temperature : {0.0, 0.8}) {
        options.mirostat = mirostat;
        options.temperature = temperature;
        options.logit_bias = {{1, 1.0f}};
        CHECK(support(options, {kLow, kLow, -4.0f, kLow}, {2, 2, 2, 0}) == std::set<TokenId>{2});
        CHECK(support(options, {kLow, kLow, kLow, kLow}) == std::set<TokenId>{Sampler::kNoToken});
        for (const float wrong : {NAN, INFINITY}) {
          CHECK(support(options, {0, 1, -4.0f, wrong}, {2, 2, 2, 0}) == std::set<TokenId>{Sampler::kNoToken});
          CHECK(support(options, {wrong, wrong, wrong, wrong}) == std::set<TokenId>{Sampler::kNoToken});
        }
      }
    }
  }
}

TEST_CASE("extreme logits and one-token vocabularies do no harm" * doctest::test_suite("above the kernels")) {
  for (const int mirostat : {0, 1, 2}) {
    for (SamplingOptions options : {plain(), everything(), SamplingOptions()}) {
      options.mirostat = mirostat;
      options.logit_bias.clear();
      CHECK(support(options, {3e38f, -3e38f, 3e38f, 0}).count(1) == 0);
      CHECK(support(options, {7}) == std::set<TokenId>{0});
      CHECK(support(options, std::vector<float>(300, 1.0f)).size() > 1);
      options.top_k = 1;
      options.top_p = 0;
      options.min_p = 1;
      options.typical_p = 0;
      if (mirostat == 0) {
        CHECK(support(options, {1, 2, 9, 3}) == std::set<TokenId>{2});
      }
    }
  }
}

TEST_CASE("fewer logits or foreign history ids than the vocabulary do not crash") {
  Sampler sampler = make(everything(), 100);
  CHECK(sampler.sample(std::vector<float>{}, {}) == Sampler::kNoToken);
  CHECK(sampler.sample(std::vector<float>{1, 9}, std::vector<TokenId>{-1, 100, 2000000000, -1, 100, 2000000000}) < 2);
  CHECK(sampler.sample(noise(200, 1), {}) < 100);
}

TEST_CASE("the filters run in the chain's order") {
  SamplingOptions options = plain();
  options.top_k = 2;  // top-k before top-p: .31 is more than half of what two tokens hold, less than half of all
  options.top_p = 0.5;
  CHECK(support(options, logits_of({0.31, 0.29, 0.2, 0.1, 0.1})) == std::set<TokenId>{0});
  options = plain();
  options.min_p = 0.3;  // min-p before temperature: it compares the undivided logits
  options.temperature = 0.25;
  CHECK(support(options, logits_of({0.5, 0.25, 0.15, 0.1})) == std::set<TokenId>{0, 1});
  options = plain();
  options.repeat_penalty = 2;  // penalties before top-k: the penalised token falls out
  options.top_k = 1;
  CHECK(support(options, {3, 2, 1}, {0}) == std::set<TokenId>{1});
  options = plain();
  options.xtc_probability = 1;  // XTC after top-k: of the two most likely only the second stays
  options.top_k = 2;
  CHECK(support(options, logits_of({0.4, 0.35, 0.25})) == std::set<TokenId>{1});
}

TEST_CASE("mirostat replaces the filters, not the adjusters") {
  SamplingOptions options = plain();
  options.mirostat = 2;
  options.mirostat_tau = 8;
  options.top_k = 1;
  CHECK(support(options, logits_of({0.3, 0.3, 0.4})) == std::set<TokenId>{0, 1, 2});
  options.logit_bias = {{2, -INFINITY}};
  CHECK(support(options, logits_of({0.3, 0.3, 0.4})) == std::set<TokenId>{0, 1});
}

TEST_CASE("options out of range are refused with their name and value") {
  const auto refusal = [](auto change) {
    SamplingOptions options;
    change(options);
    const auto sampler = Sampler::create(options, 10);
    REQUIRE_FALSE(sampler.ok());
    CHECK(sampler.error().code == ErrorCode::invalid_argument);
    return sampler.error().sentence;
  };
  using O = SamplingOptions&;
  CHECK(refusal([](O o) { o.temperature = -0.5; }) ==
        "temperature is -0.5; it must be from 0 (always the most likely token) to 1e30");
  CHECK(refusal([](O o) { o.temperature = NAN; }).starts_with("temperature is nan"));
  CHECK(refusal([](O o) { o.top_k = -2; }).starts_with("top_k is -2; it must be"));
  CHECK(refusal([](O o) { o.top_p = 1.5; }).starts_with("top_p is 1.5; it must be"));
  CHECK(refusal([](O o) { o.min_p = -0.1; }).starts_with("min_p"));
  CHECK(refusal([](O o) { o.typical_p = 2; }).starts_with("typical_p"));
  CHECK(refusal([](O o) { o.xtc_probability = 2; }).starts_with("xtc_probability"));
  CHECK(refusal([](O o) { o.xtc_threshold = -1; }).starts_with("xtc_threshold"));
  CHECK(refusal([](O o) { o.penalty_last_n = -2; }).starts_with("repeat_last_n is -2"));
  CHECK(refusal([](O o) { o.repeat_penalty = 0; }).starts_with("repeat_penalty is 0"));
  CHECK(refusal([](O o) { o.frequency_penalty = INFINITY; }).starts_with("frequency_penalty"));
  CHECK(refusal([](O o) { o.presence_penalty = NAN; }).starts_with("presence_penalty"));
  CHECK(refusal([](O o) { o.dry_multiplier = -1; }).starts_with("dry_multiplier"));
  CHECK(refusal([](O o) { o.dry_base = 0.5; }).starts_with("dry_base"));
  CHECK(refusal([](O o) { o.dry_allowed_length = 0; }).starts_with("dry_allowed_length"));
  CHECK(refusal([](O o) { o.dry_penalty_last_n = -5; }).starts_with("dry_penalty_last_n"));
  CHECK(refusal([](O o) { o.mirostat = 3; }).starts_with("mirostat is 3"));
  CHECK(refusal([](O o) { o.mirostat_tau = -1; }).starts_with("mirostat_tau"));
  CHECK(refusal([](O o) { o.mirostat_eta = NAN; }).starts_with("mirostat_eta"));
  CHECK(refusal([](O o) { o.logit_bias = {{-1, 1.0f}}; }) == "logit_bias names token -1; ids begin at 0");
  CHECK(refusal([](O o) { o.logit_bias = {{10, 1.0f}}; }) == "logit_bias names token 10, but the vocabulary ends at 9");
  CHECK(refusal([](O o) { o.logit_bias = {{1, INFINITY}}; }).starts_with("logit_bias of token 1 is inf"));
  CHECK_FALSE(Sampler::create(SamplingOptions(), 0).ok());
  CHECK_FALSE(Sampler::create(SamplingOptions(), std::int64_t{1} << 40).ok());
  CHECK(check(SamplingOptions()).ok());
}

TEST_CASE("sampling allocates nothing") {
  const std::vector<float> logits = noise(5000, 9);
  std::vector<TokenId> history;
  for (int index = 0; index < 3000; ++index) history.push_back(index % 37);
  for (const int mirostat : {0, 1, 2}) {
    for (SamplingOptions options : {plain(), everything(), SamplingOptions()}) {
      options.mirostat = mirostat;
      Sampler sampler = make(options, logits.size());
      const std::size_t before = allocation_count();
      for (int index = 0; index < 20; ++index) sampler.sample(logits, history);
      CHECK(allocation_count() == before);
    }
  }
}

TEST_CASE("a sampler's own memory does not depend on the vocabulary") {
  for (const int mirostat : {0, 1, 2}) {
    SamplingOptions options = everything();
    options.mirostat = mirostat;
    const auto bytes = [&](std::int64_t vocabulary) {
      const std::size_t before = allocated_bytes();
      const auto sampler = Sampler::create(options, vocabulary);
      const std::size_t after = allocated_bytes();
      REQUIRE(sampler.ok());
      return after - before;
    };
    CHECK(bytes(1000) == bytes(1'000'000));
  }
}

TEST_CASE("two samplers take turns with the same memory and pick what each picks alone") {
  SamplingOptions options = everything();
  options.xtc_probability = 0.2;
  options.seed = 6;
  auto first = generate::Sampler::create(everything(), 400), second = generate::Sampler::create(options, 400);
  Sampler first_alone = make(everything(), 400), second_alone = make(options, 400);
  std::vector<std::byte> memory(static_cast<std::size_t>(run::sampling_memory(400)));
  std::vector<TokenId> text, other_text;
  for (std::uint64_t step = 0; step < 200; ++step) {
    const std::vector<float> logits = noise(400, step % 3), other_logits = noise(400, 5 + step % 2);
    const TokenId id = first->sample(logits, text, memory), other = second->sample(other_logits, other_text, memory);
    CHECK(id == first_alone.sample(logits, text));
    CHECK(other == second_alone.sample(other_logits, other_text));
    text.push_back(id);
    other_text.push_back(other);
  }
}

TEST_CASE("the whole chain is linear in a long history") {
  // Nested loops over 400,000 repeated tokens would take minutes; the bound only distinguishes the two.
  SamplingOptions options = everything();
  options.penalty_last_n = -1;
  Sampler sampler = make(options, 1000);
  const std::vector<float> logits = noise(1000, 2);
  for (const int period : {1, 2, 7, 100000}) {
    std::vector<TokenId> history;
    for (int index = 0; index < 400000; ++index) history.push_back(10 + index % period % 900);
    const auto start = std::chrono::steady_clock::now();
    sampler.sample(logits, history);
    CHECK(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < 2);
  }
}

// Logit bias, penalties and DRY: what they add to each logit, derived from the sampler's choices.
#include <algorithm>

#include "engine/generate/random.hpp"
#include "engine/generate/samplers/sampler_kinds.hpp"
#include "tests/engine/generate/sampling.hpp"

using namespace brim::test;
using brim::TokenId;
namespace generate = brim::generate;

namespace {

/// What an adjuster may use, in the state that another one may leave it in.
std::vector<std::byte> scratch_for(std::size_t vocabulary) {
  return std::vector<std::byte>(vocabulary * generate::kScratchBytes, std::byte{0xA5});
}

std::vector<float> adjusted(std::unique_ptr<generate::Adjuster> adjuster, std::vector<float> logits,
                            const std::vector<TokenId>& history) {
  REQUIRE(adjuster);
  std::vector<std::byte> scratch = scratch_for(logits.size());
  adjuster->apply(logits, history, scratch);
  return logits;
}

std::vector<float> penalised(const SamplingOptions& options, const std::vector<float>& logits,
                             const std::vector<TokenId>& history) {
  return adjusted(generate::make_penalties(options, static_cast<std::int64_t>(logits.size())), logits, history);
}

// DRY by its definition, in nested loops: what each token loses.
std::vector<float> dry_by_definition(const SamplingOptions& options, std::size_t vocabulary,
                                     std::vector<TokenId> history) {
  std::vector<float> lost(vocabulary, 0.0f);
  if (options.dry_penalty_last_n >= 0 && history.size() > static_cast<std::size_t>(options.dry_penalty_last_n)) {
    history.erase(history.begin(), history.end() - options.dry_penalty_last_n);
  }
  const int size = static_cast<int>(history.size());
  if (size <= options.dry_allowed_length) return lost;
  int limit = size;
  for (int start = size - 1; start >= 0 && limit == size; --start) {
    int longest = 0;
    for (const auto& breaker : options.dry_breakers) {
      const int length = static_cast<int>(breaker.size());
      if (length > 0 && start + length <= size && std::equal(breaker.begin(), breaker.end(), history.begin() + start)) {
        longest = std::max(longest, length);
      }
    }
    if (longest > 0) limit = size - start - longest;
  }
  for (int end = 0; end + 1 < size; ++end) {  // history[end] is the last token of an earlier copy of the end
    int length = 0;
    while (length < limit && length <= end &&
           history[static_cast<std::size_t>(end - length)] == history[static_cast<std::size_t>(size - 1 - length)]) {
      ++length;
    }
    const TokenId next = history[static_cast<std::size_t>(end + 1)];
    if (length < options.dry_allowed_length) continue;
    if (std::count(options.dry_breakers.begin(), options.dry_breakers.end(), std::vector<TokenId>{next}) > 0) continue;
    const double penalty = options.dry_multiplier * std::pow(options.dry_base, length - options.dry_allowed_length);
    float& max = lost[static_cast<std::size_t>(next)];
    max = std::max(max, static_cast<float>(penalty));
  }
  return lost;
}

}  // namespace

TEST_CASE("logit bias shifts the odds and bans tokens") {
  SamplingOptions options = plain();
  options.logit_bias = {{1, static_cast<float>(std::log(3.0))}, {2, -INFINITY}};
  Sampler sampler = make(options, 3);
  CHECK(chi_square(draws(sampler, logits_of({0.4, 0.2, 0.4}), 40000), {0.4, 0.6, 0}, 40000) < 30);
}

TEST_CASE("the repetition penalty divides positive logits and multiplies negative ones") {
  SamplingOptions options = plain();
  options.repeat_penalty = 2;
  CHECK(penalised(options, {4, 4, -4, -4, 0}, {0, 2, 4, 0}) == std::vector<float>{2, 4, -8, -4, 0});
}

TEST_CASE("frequency counts, presence does not") {
  SamplingOptions options = plain();
  options.frequency_penalty = 0.5;
  options.presence_penalty = 0.25;
  CHECK(penalised(options, {1, 1, 1}, {0, 1, 0, 0}) == std::vector<float>{-0.75, 0.25, 1});
  options.repeat_penalty = 2;  // first the division, then the subtraction
  CHECK(penalised(options, {1, 1, 1}, {0, 1, 0, 0}) == std::vector<float>{-1.25, -0.25, 1});
}

TEST_CASE("penalties look back at their window and no further") {
  SamplingOptions options = plain();
  options.presence_penalty = 1;
  options.penalty_last_n = 2;
  CHECK(penalised(options, {0, 0, 0}, {0, 1, 2}) == std::vector<float>{0, -1, -1});
  options.penalty_last_n = -1;
  CHECK(penalised(options, {0, 0, 0}, {0, 1, 2}) == std::vector<float>{-1, -1, -1});
  options.penalty_last_n = 0;
  CHECK(generate::make_penalties(options, 3) == nullptr);
}

TEST_CASE("one penalty call leaves nothing behind for the next") {
  SamplingOptions options = plain();
  options.frequency_penalty = 1;
  const auto adjuster = generate::make_penalties(options, 3);
  std::vector<std::byte> scratch = scratch_for(3);
  for (int round = 0; round < 3; ++round) {
    std::vector<float> logits = {0, 0, 0};
    adjuster->apply(logits, std::vector<TokenId>{0, 0, 1}, scratch);
    CHECK(logits == std::vector<float>{-2, -1, 0});
  }
}

TEST_CASE("DRY penalises what would continue a repetition, by its length") {
  SamplingOptions options = plain();
  options.dry_multiplier = 1;
  options.dry_base = 2;
  options.dry_allowed_length = 2;
  const auto lost = [&](const std::vector<TokenId>& history) {
    return adjusted(generate::make_dry(options, 6), std::vector<float>(6, 0.0f), history);
  };
  CHECK(lost({0, 1, 2, 0, 1}) == std::vector<float>{0, 0, -1, 0, 0, 0});
  CHECK(lost({0, 1, 2, 3, 0, 1, 2}) == std::vector<float>{0, 0, 0, -2, 0, 0});
  CHECK(lost({0, 1, 2, 3, 0, 1, 2, 4, 0, 1, 2}) == std::vector<float>{0, 0, 0, -2, -2, 0});
  CHECK(lost({5, 1, 2, 3, 0, 1}) == std::vector<float>(6, 0.0f));  // one token is allowed
  CHECK(lost({0, 1}) == std::vector<float>(6, 0.0f));
  options.dry_allowed_length = 1;
  CHECK(lost({5, 1, 2, 3, 0, 1}) == std::vector<float>{0, 0, -1, 0, 0, 0});
  options.dry_breakers = {{1}};
  CHECK(lost({5, 1, 2, 3, 0, 1}) == std::vector<float>(6, 0.0f));
  CHECK(lost({1, 2, 3, 1, 2}) == std::vector<float>{0, 0, 0, -1, 0, 0});
  options.dry_penalty_last_n = 4;
  CHECK(lost({1, 2, 3, 4, 1, 2}) == std::vector<float>(6, 0.0f));
}

TEST_CASE("DRY agrees with its definition on random histories") {
  generate::Random random(11);
  for (int round = 0; round < 4000; ++round) {
    SamplingOptions options = plain();
    options.dry_multiplier = 0.5;
    options.dry_base = round % 5 == 0 ? 1.0 : 1.5;
    options.dry_allowed_length = 1 + static_cast<int>(random.next() % 4);
    options.dry_penalty_last_n = round % 3 == 0 ? static_cast<int>(random.next() % 40) + 1 : -1;
    const std::size_t letters = 2 + random.next() % 4;
    if (round % 2 == 0) {
      options.dry_breakers = {{static_cast<TokenId>(random.next() % 6)}, {0, 1, 1}, {}, {1, 0}, {0}};
      options.dry_breakers.resize(1 + random.next() % 5);
    }
    std::vector<TokenId> history(random.next() % 60);
    for (TokenId& token : history) token = static_cast<TokenId>(random.next() % letters);
    std::vector<float> expected = dry_by_definition(options, 6, history);
    const std::vector<float> found = adjusted(generate::make_dry(options, 6), std::vector<float>(6, 0.0f), history);
    for (std::size_t token = 0; token < 6; ++token) {
      REQUIRE(-found[token] == doctest::Approx(expected[token]).epsilon(1e-6));
    }
  }
}

TEST_CASE("DRY's penalty stays a number for endless repetitions") {
  SamplingOptions options = plain();
  options.dry_multiplier = 0.8;
  for (const double base : {1.0, 1.000001, 1.75, 1e29}) {
    options.dry_base = base;
    const std::vector<float> logits = adjusted(generate::make_dry(options, 2), {1, 1}, std::vector<TokenId>(20000, 0));
    CHECK(logits[0] < 0.3f);
    CHECK(logits[1] == 1.0f);
    CHECK_FALSE(std::isnan(logits[0]));
  }
}

TEST_CASE("suppressed tokens are at minus infinity whatever their bias, and ids outside the vocabulary are refused") {
  SamplingOptions options = plain();
  options.suppressed = {1, 3};
  options.logit_bias = {{1, 100.0f}};
  const std::vector<float> logits{1, 9, 2, 8};
  const auto found = adjusted(generate::make_suppressed(options, 4), logits, {});
  CHECK(found[0] == 1);
  CHECK(found[1] == -INFINITY);
  CHECK(found[2] == 2);
  CHECK(found[3] == -INFINITY);
  options.temperature = 0;
  CHECK(make(options, 4).sample(logits, {}) == 2);
  options.suppressed = {4};
  CHECK(!Sampler::create(options, 4));
  options.suppressed.clear();
  CHECK(generate::make_suppressed(options, 4) == nullptr);
}

// See sampler.hpp. Builds the chain of samplers.def from the options and runs it.
#include "engine/generate/sampler.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "engine/generate/candidates.hpp"
#include "engine/generate/random.hpp"
#include "engine/generate/samplers/sampler_kinds.hpp"
#include "engine/generate/sampling_memory.hpp"

namespace brim::generate {

struct Sampler::State {
  State(const SamplingOptions& sampling, std::int64_t vocabulary_size)
      : options(sampling), random(sampling.seed), vocabulary(static_cast<std::size_t>(vocabulary_size)) {
    const bool filtered = sampling.mirostat == 0 && sampling.temperature > 0;
    const bool scaled = sampling.temperature > 0;
#define ADJUSTER(name) \
  if (auto made = make_##name(sampling, vocabulary_size)) adjusters.push_back(std::move(made));
#define FILTER(name)                                                                            \
  if (filtered) {                                                                               \
    if (auto made = make_##name(sampling, vocabulary_size)) filters.push_back(std::move(made)); \
  }
#define SCALER(name)                                                                            \
  if (scaled) {                                                                                 \
    if (auto made = make_##name(sampling, vocabulary_size)) filters.push_back(std::move(made)); \
  }
#define PICKER(name) \
  if (!picker) picker = make_##name(sampling, vocabulary_size);
#include "engine/generate/samplers.def"
#undef ADJUSTER
#undef FILTER
#undef SCALER
#undef PICKER
  }

  SamplingOptions options;
  Random random;
  std::size_t vocabulary;
  std::vector<std::unique_ptr<Adjuster>> adjusters;
  std::vector<std::unique_ptr<Filter>> filters;
  std::unique_ptr<Picker> picker;
};

Sampler::Sampler(std::unique_ptr<State> state) : state_(std::move(state)) {}
Sampler::Sampler(Sampler&&) noexcept = default;
Sampler& Sampler::operator=(Sampler&&) noexcept = default;
Sampler::~Sampler() = default;

Result<Sampler> Sampler::create(const SamplingOptions& options, std::int64_t vocabulary_size) {
  BRIM_TRY(check(options));
  if (vocabulary_size < 1 || vocabulary_size > std::numeric_limits<TokenId>::max()) {
    return error(ErrorCode::invalid_argument, "a vocabulary of ", vocabulary_size, " tokens cannot be sampled from");
  }
  for (const auto& [id, bias] : options.logit_bias) {
    if (id >= vocabulary_size) {
      return error(ErrorCode::invalid_argument, "logit_bias names token ", id, ", but the vocabulary ends at ",
                   vocabulary_size - 1);
    }
  }
  for (const TokenId id : options.suppressed) {
    if (id >= 0 && id < vocabulary_size) continue;
    return error(ErrorCode::invalid_argument, "token ", id, " is to be suppressed, but the vocabulary ends at ",
                 vocabulary_size - 1);
  }
  return Sampler(std::make_unique<State>(options, vocabulary_size));
}

TokenId Sampler::sample(std::span<const float> logits, std::span<const TokenId> history,
                        std::span<std::byte> memory) noexcept {
  State& state = *state_;
  const SamplingMemory lent(memory, state.vocabulary);
  Candidates candidates(lent.candidates, lent.weights, lent.scratch);
  if (state.adjusters.empty()) {
    if (!candidates.fill(logits)) return kNoToken;
  } else {
    const std::span<float> adjusted = lent.logits;
    const std::size_t count = std::min(logits.size(), adjusted.size());
    constexpr float kInfinity = std::numeric_limits<float>::infinity(), kBanned = -kInfinity;
    bool wrong = false;  // NaN is not less either
    for (std::size_t id = 0; id < count; ++id) {
      wrong |= !(logits[id] < kInfinity);
      adjusted[id] = logits[id];
    }
    if (wrong) return kNoToken;
    std::fill(adjusted.begin() + static_cast<std::ptrdiff_t>(count), adjusted.end(), kBanned);
    for (const auto& adjuster : state.adjusters) adjuster->apply(adjusted, history, lent.scratch);
    candidates.fill(adjusted);
  }
  if (candidates.empty()) return kNoToken;
  for (const auto& filter : state.filters) filter->apply(candidates, state.random);
  return state.picker->pick(candidates, state.random);
}

void Sampler::reset() noexcept {
  state_->random.restart(state_->options.seed);
  state_->picker->reset();
}

void Sampler::save(StateWriter& state) const {
  for (const std::uint64_t word : state_->random.words()) state.number(static_cast<std::int64_t>(word));
  state.real(state_->picker->learned());
}

Status Sampler::restore(StateReader& state) {
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min(), kMax = std::numeric_limits<std::int64_t>::max();
  constexpr double kLargest = std::numeric_limits<float>::max();
  state.at("the sampler");
  std::array<std::uint64_t, 4> words{};
  double learned = 0;
  for (std::uint64_t& word : words) BRIM_TRY(state.number("random state", kMin, kMax, word));
  BRIM_TRY(state.real("what the picker learned", -kLargest, kLargest, learned));
  state_->random.resume(words);
  state_->picker->resume(learned);
  return {};
}

const SamplingOptions& Sampler::options() const { return state_->options; }

}  // namespace brim::generate

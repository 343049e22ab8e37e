// The three kinds of samplers, and the function that creates each sampler of samplers.def. Private to engine/generate.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "engine/generate/candidates.hpp"
#include "engine/generate/random.hpp"
#include "engine/generate/sampler.hpp"
#include "engine/generate/sampling_memory.hpp"

namespace brim::generate {

/// Changes logits by token id. May leave ±infinity or NaN; the chain takes those for "banned". `scratch`: kScratchBytes
/// per token of the vocabulary, aligned for any number, in any state (sampling_memory.hpp).
class Adjuster {
 public:
  virtual ~Adjuster() = default;
  virtual void apply(std::span<float> logits, std::span<const TokenId> history,
                     std::span<std::byte> scratch) noexcept = 0;
};

/// Narrows or rescales the candidates: at least one comes in, at least one must stay, all with finite logits.
class Filter {
 public:
  virtual ~Filter() = default;
  virtual void apply(Candidates& candidates, Random& random) noexcept = 0;
};

/// Chooses one of at least one candidate.
class Picker {
 public:
  virtual ~Picker() = default;
  virtual TokenId pick(Candidates& candidates, Random& random) noexcept = 0;
  /// Drops what it learned from earlier picks.
  virtual void reset() noexcept {}
  /// What it learned from earlier picks, as one number, and how to continue from that number.
  virtual double learned() const noexcept { return 0; }
  virtual void resume(double) noexcept {}
};

/// The place of one candidate, drawn with probability weight / sum; both as Candidates::weigh() left them.
std::size_t draw_index(const Candidates& candidates, double sum, Random& random) noexcept;

#define ADJUSTER(name) \
  std::unique_ptr<Adjuster> make_##name(const SamplingOptions& options, std::int64_t vocabulary_size);
#define FILTER(name) std::unique_ptr<Filter> make_##name(const SamplingOptions& options, std::int64_t vocabulary_size);
#define SCALER(name) FILTER(name)
#define PICKER(name) std::unique_ptr<Picker> make_##name(const SamplingOptions& options, std::int64_t vocabulary_size);
#include "engine/generate/samplers.def"
#undef ADJUSTER
#undef FILTER
#undef SCALER
#undef PICKER

}  // namespace brim::generate

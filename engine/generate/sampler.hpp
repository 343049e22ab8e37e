// From logits to the next token: a chain of samplers in the order known from llama.cpp (penalties, DRY, top-k, typical,
// top-p, min-p, XTC, temperature), then a draw; or mirostat; or the arg max at temperature 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/base/state.hpp"
#include "engine/text/token_id.hpp"

namespace brim::generate {

struct SamplingOptions {
  std::uint64_t seed = 0;
  double temperature = 0.8;    ///< 0: always the most likely token
  int top_k = 40;              ///< 0: off
  double top_p = 0.95;         ///< 1: off
  double min_p = 0.05;         ///< 0: off
  double typical_p = 1.0;      ///< 1: off
  double xtc_probability = 0;  ///< 0: off
  double xtc_threshold = 0.1;
  int penalty_last_n = 64;  ///< tokens looked back at; −1: all
  double repeat_penalty = 1.0;
  double frequency_penalty = 0;
  double presence_penalty = 0;
  double dry_multiplier = 0;  ///< 0: off
  double dry_base = 1.75;
  int dry_allowed_length = 2;
  int dry_penalty_last_n = -1;
  std::vector<std::vector<TokenId>> dry_breakers;  ///< token sequences that end a match
  int mirostat = 0;                                ///< 0 off, 1, 2
  double mirostat_tau = 5.0;
  double mirostat_eta = 0.1;
  std::vector<std::pair<TokenId, float>> logit_bias;  ///< −inf bans a token
  std::vector<TokenId> suppressed;                    ///< banned by the model's file, whatever their bias

  bool operator==(const SamplingOptions&) const = default;
};

/// Errors: invalid_argument naming the option, its value and the allowed range.
/// `written`: the value as the caller wrote it, for the sentence.
Status check(const SamplingOptions& options, std::string_view written = {});
/// The same for everything but the biases, and for one bias: for options that come one by one.
Status check_numbers(const SamplingOptions& options, std::string_view written = {});
Status check_bias(TokenId id, float bias);

/// One conversation's sampler: owns its random state (and mirostat's), and nothing that is as large as the vocabulary.
/// No allocation after create. One thread at a time.
/// The same seed and logits give the same tokens on every machine (the generator and its use are our own arithmetic).
class Sampler {
 public:
  static Result<Sampler> create(const SamplingOptions& options, std::int64_t vocabulary_size);
  Sampler(Sampler&&) noexcept;
  Sampler& operator=(Sampler&&) noexcept;
  ~Sampler();

  static constexpr TokenId kNoToken = -1;
  /// Picks a token. `logits` has vocabulary_size values and is left as it was; `history` is every token so far, prompt
  /// included, oldest first. kNoToken, with nothing drawn, when a logit is NaN or +inf, or when all tokens are at −inf, by
  /// themselves or by the options (logit_check.hpp says which).
  /// `memory`: at least run::sampling_memory(vocabulary_size) bytes in any state, lent for this call.
  TokenId sample(std::span<const float> logits, std::span<const TokenId> history, std::span<std::byte> memory) noexcept;
  /// Back to the seed.
  void reset() noexcept;
  /// The state of the random draws, for saved sessions; penalties depend on the text only. Errors: those of the state
  /// reader.
  void save(StateWriter& state) const;
  Status restore(StateReader& state);
  const SamplingOptions& options() const;

 private:
  struct State;
  explicit Sampler(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace brim::generate

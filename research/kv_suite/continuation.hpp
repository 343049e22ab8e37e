// Scoring a continuation, token by token and teacher-forced, after a prefix that was read in small chunks; and
// comparing that with what the whole cache says.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/run/sequence.hpp"
#include "research/kv_suite/windows.hpp"

namespace brim::apps {

/// −ln of each token's probability, over the whole vocabulary, at every scored position: rows of vocabulary floats.
struct Reference {
  std::vector<std::vector<float>> log_probabilities;
  std::vector<double> nll;
};

/// One number per scored position.
struct Scores {
  std::vector<double> nll;  ///< of the text's next token
  std::vector<double> kl;   ///< KL(whole cache ‖ this one), nats
  std::vector<char> top;    ///< 1 where both find the same token likeliest
  double seconds = 0;       ///< for the prefix and the continuation
};

/// Asked between chunks and tokens; false ends the measurement with ErrorCode::cancelled.
using KeepGoing = std::function<bool()>;

/// Reads the window from an empty cache in chunks of `chunk` tokens. `threads` compute what logits mean, beside those of the
/// sequence (apps/loops); the numbers are the same for any. Errors: of reading; cancelled.
Result<Reference> measure_reference(run::Sequence& sequence, const Window& window, std::int64_t chunk, int threads,
                                    const KeepGoing& keep_going);
Result<Scores> measure_continuation(run::Sequence& sequence, const Window& window, std::int64_t chunk, int threads,
                                    const Reference& reference, const KeepGoing& keep_going);

/// ln softmax.
std::vector<float> log_softmax(std::span<const float> logits);

/// Reads ids from an empty cache, `chunk` at a time.
Status read_in_chunks(run::Sequence& sequence, std::span<const std::int32_t> ids, std::int64_t chunk,
                      const KeepGoing& keep_going);

}  // namespace brim::apps

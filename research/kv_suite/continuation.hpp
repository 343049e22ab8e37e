// Scoring a continuation, token by token and teacher-forced, after a prefix that was processed in small chunks; and
// comparing the result with that of the whole cache.
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
  std::vector<char> top;    ///< 1 where the same token is the most likely one for both
  double seconds = 0;       ///< for the prefix and the continuation
};

/// Called between chunks and tokens; false ends the measurement with ErrorCode::cancelled.
using KeepGoing = std::function<bool()>;

/// Processes the window from an empty cache in chunks of `chunk` tokens. `threads` threads evaluate the logits, in
/// addition to the threads of the sequence (apps/loops); the numbers do not depend on `threads`. Errors: those of
/// prefill; cancelled.
Result<Reference> measure_reference(run::Sequence& sequence, const Window& window, std::int64_t chunk, int threads,
                                    const KeepGoing& keep_going);
Result<Scores> measure_continuation(run::Sequence& sequence, const Window& window, std::int64_t chunk, int threads,
                                    const Reference& reference, const KeepGoing& keep_going);

/// ln softmax.
std::vector<float> log_softmax(std::span<const float> logits);

/// Processes ids from an empty cache, `chunk` at a time.
Status read_in_chunks(run::Sequence& sequence, std::span<const std::int32_t> ids, std::int64_t chunk,
                      const KeepGoing& keep_going);
/// The same behind what the sequence holds.
Status read_on_in_chunks(run::Sequence& sequence, std::span<const std::int32_t> ids, std::int64_t chunk,
                         const KeepGoing& keep_going);

}  // namespace brim::apps

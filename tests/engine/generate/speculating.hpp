// Speculation against plain decoding, token by token and bit by bit. Shared by the tests on tiny models and on the
// reference ones.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "engine/run/sequence.hpp"

namespace brim::test {

inline std::unique_ptr<run::Sequence> open_sequence(const std::shared_ptr<const model::Model>& model,
                                                    const run::SequenceOptions& options) {
  auto sequence = run::Sequence::create(model, options);
  if (!sequence) FAIL(sequence.error().sentence);
  return std::move(*sequence);
}

inline run::SequenceOptions speculating(run::SequenceOptions options, int draft_max = 15) {
  options.speculation = {true, draft_max, true};
  return options;
}

/// Whether all observable state of both sequences is the same, logits by their bits.
inline bool same_state(run::Sequence& a, run::Sequence& b) {
  const auto left = a.logits(), right = b.logits();
  if (!left || !right || left->size() != right->size()) return false;
  const kv::Memory &one = a.cache(), &other = b.cache();
  return std::memcmp(left->data(), right->data(), left->size_bytes()) == 0 && a.tokens() == b.tokens() &&
         one.tokens() == other.tokens() && one.next_position() == other.next_position() &&
         one.evicted() == other.evicted() && one.rebased() == other.rebased() && one.bytes_used() == other.bytes_used();
}

/// Processes `prompt`, then `answer` token by token: once with plain decoding and once with speculation. The more the
/// answer repeats earlier text, the better the drafts are. Returns the number of drafted tokens.
inline run::SpeculationCounts read_both_ways(const std::shared_ptr<const model::Model>& model,
                                             const run::SequenceOptions& options, std::span<const std::int32_t> prompt,
                                             std::span<const std::int32_t> answer, int speculating_threads = 1) {
  const auto plain = open_sequence(model, options);
  run::SequenceOptions eager = speculating(options);
  eager.threads = speculating_threads;
  const auto drafted = open_sequence(model, eager);
  REQUIRE(plain->read(prompt, {}, nullptr));
  REQUIRE(drafted->read(prompt, {}, nullptr));
  for (std::size_t i = 0; i < answer.size(); ++i) {
    REQUIRE(plain->read_next(answer[i], nullptr));
    REQUIRE(drafted->read_next(answer[i], nullptr));
    INFO("token ", i, " of the answer, drafts left ", drafted->cache().drafts_left());
    REQUIRE(same_state(*plain, *drafted));
  }
  CHECK(drafted->cache().bytes_peak() <= drafted->memory().kv.budget_bytes);
  return drafted->speculation();
}

}  // namespace brim::test

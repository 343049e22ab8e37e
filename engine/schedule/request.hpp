// What a scheduler is given, and what it gives back.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/generate/session.hpp"
#include "engine/text/token_id.hpp"

namespace brim::schedule {

using RequestId = std::int64_t;  ///< from 1 on, never used twice by one scheduler

/// One prompt that is answered once.
struct Request {
  std::vector<TokenId> ids;         ///< the prompt, with BOS where the model wants one (prompt_text.hpp)
  generate::SessionOptions answer;  ///< sampling, stop strings, limit, end tokens and logprobs count; nothing else does
  /// What was processed for a request is used again only by requests with an equal key: API key, user, tenant.
  std::string key;
  /// Whether the prompt may begin with what a seat holds already. Without that, the answer depends on the request
  /// alone.
  bool reuse = true;
  double seconds = 0;  ///< from submit() to the end of the answer; 0: no limit
  /// Not none: the request is for an embedding of its prompt, every token of which is processed.
  generate::Pooling pooling = generate::Pooling::none;
};

/// What a step says about one request: the next piece of its answer, or why it ended without one. A piece with an end
/// and a failure are the last event of their request.
struct Event {
  RequestId id = 0;
  generate::Piece piece{};                       ///< its text is valid until the next step
  Status status{};                               ///< failed: there is no piece
  const generate::Logprobs* logprobs = nullptr;  ///< of the piece's token, where requested; valid until the next step
  std::span<const float> embedding{};            ///< where requested; the piece is then an end; valid as above
  std::int64_t prompt_tokens = 0;
  std::int64_t cached_tokens = 0;     ///< of those, the ones that a seat held already
  std::int64_t generated_tokens = 0;  ///< so far
};

}  // namespace brim::schedule

// What is sent of an answer: whole, or as a stream of events in the order that OpenAI's clients expect.
#pragma once

#include <brim/brim.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "apps/serve/logprobs.hpp"
#include "apps/serve/reply.hpp"

namespace brim::apps::serve {

/// What stays the same in all that is sent of an answer.
struct AnswerShape {
  bool chat = false;
  bool stream = false;
  bool include_usage = false;
  std::string id;            ///< "chatcmpl-…"
  std::string model;         ///< the name under which it is served
  std::int64_t created = 0;  ///< seconds since 1970
  std::uint64_t seed = 0;
  std::int64_t kv_budget_bytes = 0;
  bool logprobs = false;
};

/// One piece of an answer, as the computing thread hands it on.
struct AnswerPiece {
  std::string text;  ///< the sentence where `status` is not BRIM_OK
  Session::End end = Session::End::not_yet;
  brim_status status = BRIM_OK;
  std::int64_t prompt_tokens = 0, cached_tokens = 0, generated_tokens = 0;
  PieceLogprobs logprobs{};
  bool last() const { return status != BRIM_OK || end != Session::End::not_yet; }
};

class AnswerBody {
 public:
  explicit AnswerBody(AnswerShape shape) : shape_(std::move(shape)), logprobs_(shape_.chat) {}

  bool stream() const { return shape_.stream; }
  /// The events with which a stream begins: of a chat, the role.
  std::string begin() const;
  /// Takes the next piece. Returns the events to send now: none where the answer is sent whole, and none for a piece
  /// without text. The last piece of a stream gives the reason of its end, the usage where it was asked for, and [DONE];
  /// a failure gives `event: error` and nothing after it.
  std::string add(const AnswerPiece& piece);
  /// The answer or its failure, when the last piece was added.
  Reply whole() const;
  bool failed() const { return failure_.has_value(); }

 private:
  std::string event_of(const std::string* text, bool role, const char* reason,
                       const nlohmann::ordered_json& logprobs = nullptr) const;
  AnswerShape shape_;
  AnswerLogprobs logprobs_;
  std::string text_;  ///< so far, where it is sent whole
  AnswerPiece last_;
  std::optional<Refusal> failure_;
};

}  // namespace brim::apps::serve

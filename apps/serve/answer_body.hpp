// What is sent of an answer: whole, or as a stream, in the form of the client that asks (families/).
#pragma once

#include <brim/brim.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/serve/json_body.hpp"
#include "apps/serve/logprobs.hpp"
#include "apps/serve/reply.hpp"

namespace brim::apps::serve {

class AnswerWriter;
struct AnswerFamily;

/// What stays the same in all that is sent of an answer.
struct AnswerShape {
  const AnswerFamily* family = nullptr;  ///< never null in use
  bool stream = false;
  bool include_usage = false;
  std::string id;            ///< "chatcmpl-…"
  std::string model;         ///< the name under which it is served
  std::int64_t created = 0;  ///< seconds since 1970
  std::uint64_t seed = 0;
  std::int64_t kv_budget_bytes = 0;
  std::string only_stop{};     ///< the text that ends the answer, where the request has one alone
  Json echo = Json::object();  ///< AnswerRequest::echo
  bool logprobs = false;       ///< with the logprobs of its tokens
  bool chat = false;           ///< in the form of a chat's
};

/// One piece of an answer, as the computing thread hands it on.
struct AnswerPiece {
  std::string text;  ///< the sentence where `status` is not BRIM_OK
  Session::End end = Session::End::not_yet;
  brim_status status = BRIM_OK;
  std::vector<float> embedding{};  ///< of a request for one
  std::int64_t prompt_tokens = 0, cached_tokens = 0, generated_tokens = 0;
  PieceLogprobs logprobs{};
  std::chrono::steady_clock::time_point at = std::chrono::steady_clock::now();  ///< when it was computed
  bool last() const { return status != BRIM_OK || end != Session::End::not_yet; }
};

/// What an answer has come to.
struct AnswerState {
  std::string text;            ///< so far
  AnswerPiece piece;           ///< the newest one
  OrderedJson logprobs;        ///< that go out with it, or all of them where the answer is sent whole; null: none
  std::int64_t prompt_ns = 0;  ///< from the request to its first token, waiting included
  std::int64_t total_ns = 0;   ///< from the request to the newest piece
};

class AnswerBody {
 public:
  explicit AnswerBody(AnswerShape shape);
  ~AnswerBody();
  AnswerBody(const AnswerBody&) = delete;
  AnswerBody& operator=(const AnswerBody&) = delete;

  bool stream() const { return stream_; }
  /// The stream's Content-Type.
  std::string_view type() const;
  /// What keeps a quiet stream from being closed as idle; "": nothing does.
  std::string_view keep_alive() const;
  /// What a stream begins with, before there is a piece.
  std::string begin();
  /// Takes the next piece. Returns what to send now: nothing where the answer is sent whole. The last piece of a stream
  /// gives its end; a failure gives an error, and nothing after it.
  std::string add(const AnswerPiece& piece);
  /// The answer or its failure, when the last piece was added.
  Reply whole() const;
  bool failed() const { return failure_.has_value(); }

 private:
  const AnswerFamily& family_;
  bool stream_, has_logprobs_;
  AnswerLogprobs logprobs_;
  std::unique_ptr<AnswerWriter> writer_;
  std::chrono::steady_clock::time_point began_;
  AnswerState state_;
  std::optional<Refusal> failure_;
};

}  // namespace brim::apps::serve

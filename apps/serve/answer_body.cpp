// See answer_body.hpp.
#include "apps/serve/answer_body.hpp"

#include <utility>

#include "apps/serve/engine_failures.hpp"
#include "apps/serve/families/families.hpp"

namespace brim::apps::serve {

AnswerBody::AnswerBody(AnswerShape shape)
    : family_(*shape.family),
      stream_(shape.stream),
      has_logprobs_(shape.logprobs),
      logprobs_(shape.chat),
      writer_(family_.writer(std::move(shape))),
      began_(std::chrono::steady_clock::now()) {}

AnswerBody::~AnswerBody() = default;

std::string_view AnswerBody::type() const { return family_.client.stream_type; }
std::string_view AnswerBody::keep_alive() const { return family_.client.keep_alive; }
std::string AnswerBody::begin() { return writer_->begin(); }

std::string AnswerBody::add(const AnswerPiece& piece) {
  if (piece.status != BRIM_OK) {
    failure_.emplace(refusal_of(piece.status, piece.text));
    return stream_ ? writer_->fail(*failure_) : std::string();
  }
  const std::chrono::nanoseconds spent = piece.at - began_;
  state_.total_ns = spent.count();
  if (state_.prompt_ns == 0) state_.prompt_ns = state_.total_ns;
  state_.text += piece.text;
  state_.piece = piece;
  if (has_logprobs_) {
    state_.logprobs =
        logprobs_.add(piece.logprobs, {piece.text.size(), piece.last(), piece.end == Session::End::stop_string,
                                       piece.end == Session::End::end_token});
  }
  return stream_ ? writer_->add(state_) : std::string();
}

Reply AnswerBody::whole() const {
  if (failure_) return error_reply(*failure_, family_.client);
  Reply reply;
  AnswerState all = state_;
  if (has_logprobs_) all.logprobs = logprobs_.whole();
  reply.body = json_text(writer_->whole(all)) + "\n";
  return reply;
}

}  // namespace brim::apps::serve

// See answer_body.hpp.
#include "apps/serve/answer_body.hpp"

#include <nlohmann/json.hpp>

#include "apps/serve/engine_failures.hpp"
#include "apps/serve/response.hpp"

namespace brim::apps::serve {
namespace {

using OrderedJson = nlohmann::ordered_json;

std::string text_of(const OrderedJson& json) {
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

OrderedJson head_of(const AnswerShape& shape) {
  const char* const object =
      shape.chat ? (shape.stream ? "chat.completion.chunk" : "chat.completion") : "text_completion";
  return {{"id", shape.id}, {"object", object}, {"created", shape.created}, {"model", shape.model}};
}

OrderedJson usage_of(const AnswerShape& shape, const AnswerPiece& last) {
  return {{"prompt_tokens", last.prompt_tokens},
          {"completion_tokens", last.generated_tokens},
          {"total_tokens", last.prompt_tokens + last.generated_tokens},
          {"prompt_tokens_details", {{"cached_tokens", last.cached_tokens}}},
          {"brim", {{"kv_budget_bytes", shape.kv_budget_bytes}, {"seed", shape.seed}}}};
}

const char* reason_of(Session::End end) { return end == Session::End::limit ? "length" : "stop"; }

}  // namespace

// Null for what an event does not have: a text, the reason of the end.
std::string AnswerBody::event_of(const std::string* text, bool role, const char* reason,
                                 const OrderedJson& logprobs) const {
  OrderedJson choice = {{"index", 0}};
  if (shape_.chat) {
    OrderedJson delta = OrderedJson::object();
    if (role) delta["role"] = "assistant";
    if (text != nullptr) delta["content"] = *text;
    choice["delta"] = std::move(delta);
  } else {
    choice["text"] = text == nullptr ? std::string() : *text;
  }
  choice["logprobs"] = logprobs;
  choice["finish_reason"] = reason == nullptr ? OrderedJson() : OrderedJson(reason);
  OrderedJson event = head_of(shape_);
  event["choices"] = OrderedJson::array({std::move(choice)});
  if (shape_.include_usage) event["usage"] = nullptr;
  return event_text(text_of(event));
}

std::string AnswerBody::begin() const {
  const std::string none;
  return shape_.chat ? event_of(&none, true, nullptr) : std::string();
}

std::string AnswerBody::add(const AnswerPiece& piece) {
  if (piece.status != BRIM_OK) {
    failure_.emplace(refusal_of(piece.status, piece.text));
    return shape_.stream ? event_text(error_json(*failure_), "error") : std::string();
  }
  last_ = piece;
  OrderedJson logprobs;
  if (shape_.logprobs) {
    logprobs = logprobs_.add(piece.logprobs, {piece.text.size(), piece.last(), piece.end == Session::End::stop_string,
                                              piece.end == Session::End::end_token});
  }
  if (!shape_.stream) {
    text_ += piece.text;
    return {};
  }
  const bool nothing = piece.text.empty() && (logprobs.is_null() || piece.last());
  std::string events = nothing ? std::string() : event_of(&piece.text, false, nullptr, logprobs);
  if (!piece.last()) return events;
  // Control tokens at the end have logprobs and no text.
  events += event_of(nullptr, false, reason_of(piece.end), piece.text.empty() ? logprobs : OrderedJson());
  if (shape_.include_usage) {
    OrderedJson usage = head_of(shape_);
    usage["choices"] = OrderedJson::array();
    usage["usage"] = usage_of(shape_, piece);
    events += event_text(text_of(usage));
  }
  return events.append(kDone);
}

Reply AnswerBody::whole() const {
  if (failure_) return error_reply(*failure_);
  OrderedJson choice = {{"index", 0}};
  if (shape_.chat) {
    choice["message"] = {{"role", "assistant"}, {"content", text_}, {"refusal", nullptr}};
  } else {
    choice["text"] = text_;
  }
  choice["logprobs"] = shape_.logprobs ? logprobs_.whole() : OrderedJson();
  choice["finish_reason"] = reason_of(last_.end);
  OrderedJson answer = head_of(shape_);
  answer["choices"] = OrderedJson::array({std::move(choice)});
  answer["usage"] = usage_of(shape_, last_);
  Reply reply;
  reply.body = text_of(answer) + "\n";
  return reply;
}

}  // namespace brim::apps::serve

// See anthropic.hpp: answers and errors.
#include "apps/serve/families/anthropic.hpp"

#include <utility>

namespace brim::apps::serve {
namespace {

const char* type_of_error(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 503:
      return "overloaded_error";
    case 504:
      return "timeout_error";
    default:
      return status >= 500 ? "api_error" : "invalid_request_error";
  }
}

class MessageWriter : public AnswerWriter {
 public:
  explicit MessageWriter(AnswerShape shape) : shape_(std::move(shape)) {}

  std::string add(const AnswerState& state) override {
    std::string events;
    const AnswerPiece& piece = state.piece;
    if (!std::exchange(begun_, true)) {
      OrderedJson message = head();
      message["usage"] = usage_of(piece);
      events += event("message_start", {{"message", std::move(message)}});
      events += event("content_block_start", {{"index", 0}, {"content_block", block_of("")}});
    }
    if (!piece.text.empty()) {
      events += event("content_block_delta", {{"index", 0}, {"delta", {{"type", "text_delta"}, {"text", piece.text}}}});
    }
    if (!piece.last()) return events;
    events += event("content_block_stop", {{"index", 0}});
    events += event("message_delta", {{"delta", end_of(piece.end)}, {"usage", usage_of(piece)}});
    return events + event("message_stop", OrderedJson::object());
  }

  std::string fail(const Refusal& refusal) override {
    OrderedJson error = anthropic_error(refusal);
    const OrderedJson form = error_object(refusal);
    for (const char* name : {"code", "param"}) error["error"][name] = form.at(name);
    return event_text(json_text(error), "error");
  }

  OrderedJson whole(const AnswerState& state) const override {
    OrderedJson message = head();
    message["content"] = OrderedJson::array({block_of(state.text)});
    message.update(end_of(state.piece.end));
    message["usage"] = usage_of(state.piece);
    return message;
  }

 private:
  static std::string event(const char* type, const OrderedJson& members) {
    OrderedJson data = {{"type", type}};
    data.update(members);
    return event_text(json_text(data), type);
  }

  static OrderedJson block_of(const std::string& text) { return {{"type", "text"}, {"text", text}}; }

  OrderedJson head() const {
    return {{"id", shape_.id},
            {"type", "message"},
            {"role", "assistant"},
            {"model", shape_.model},
            {"content", OrderedJson::array()},
            {"stop_reason", nullptr},
            {"stop_sequence", nullptr}};
  }

  // Which of several texts ended it is not known here.
  OrderedJson end_of(Session::End end) const {
    if (end == Session::End::limit) return {{"stop_reason", "max_tokens"}, {"stop_sequence", nullptr}};
    if (end != Session::End::stop_string) return {{"stop_reason", "end_turn"}, {"stop_sequence", nullptr}};
    OrderedJson text = shape_.only_stop.empty() ? OrderedJson() : OrderedJson(shape_.only_stop);
    return {{"stop_reason", "stop_sequence"}, {"stop_sequence", std::move(text)}};
  }

  static OrderedJson usage_of(const AnswerPiece& piece) {
    return {{"input_tokens", piece.prompt_tokens - piece.cached_tokens},
            {"cache_creation_input_tokens", 0},
            {"cache_read_input_tokens", piece.cached_tokens},
            {"output_tokens", piece.generated_tokens}};
  }

  AnswerShape shape_;
  bool begun_ = false;
};

}  // namespace

OrderedJson anthropic_error(const Refusal& refusal) {
  return {{"type", "error"}, {"error", {{"type", type_of_error(refusal.status)}, {"message", refusal.what()}}}};
}

std::unique_ptr<AnswerWriter> message_writer(AnswerShape shape) {
  return std::make_unique<MessageWriter>(std::move(shape));
}

}  // namespace brim::apps::serve

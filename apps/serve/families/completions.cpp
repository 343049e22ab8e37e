// See openai.hpp: answers of /v1/chat/completions and /v1/completions.
#include <utility>

#include "apps/serve/families/openai.hpp"

namespace brim::apps::serve {
namespace {

const char* reason_of_end(Session::End end) { return end == Session::End::limit ? "length" : "stop"; }

class CompletionWriter : public AnswerWriter {
 public:
  CompletionWriter(AnswerShape shape, bool chat) : shape_(std::move(shape)), chat_(chat) {}

  std::string begin() override {
    const std::string none;
    return chat_ ? event_of(&none, true, nullptr) : std::string();
  }

  std::string add(const AnswerState& state) override {
    const AnswerPiece& piece = state.piece;
    const bool nothing = piece.text.empty() && (state.logprobs.is_null() || piece.last());
    std::string events = nothing ? std::string() : event_of(&piece.text, false, nullptr, state.logprobs);
    if (!piece.last()) return events;
    // Control tokens at the end have logprobs and no text.
    events += event_of(nullptr, false, reason_of_end(piece.end), piece.text.empty() ? state.logprobs : OrderedJson());
    if (shape_.include_usage) {
      OrderedJson usage = head();
      usage["choices"] = OrderedJson::array();
      usage["usage"] = usage_of(piece);
      events += event_text(json_text(usage));
    }
    return events.append(kDone);
  }

  std::string fail(const Refusal& refusal) override {
    return event_text(json_text({{"type", "error"}, {"error", error_object(refusal)}}), "error");
  }

  OrderedJson whole(const AnswerState& state) const override {
    OrderedJson choice = {{"index", 0}};
    if (chat_) {
      choice["message"] = {{"role", "assistant"}, {"content", state.text}, {"refusal", nullptr}};
    } else {
      choice["text"] = state.text;
    }
    choice["logprobs"] = state.logprobs;
    choice["finish_reason"] = reason_of_end(state.piece.end);
    OrderedJson answer = head();
    answer["choices"] = OrderedJson::array({std::move(choice)});
    answer["usage"] = usage_of(state.piece);
    return answer;
  }

 private:
  OrderedJson head() const {
    const char* const object =
        chat_ ? (shape_.stream ? "chat.completion.chunk" : "chat.completion") : "text_completion";
    return {{"id", shape_.id}, {"object", object}, {"created", shape_.created}, {"model", shape_.model}};
  }

  OrderedJson usage_of(const AnswerPiece& last) const {
    return {{"prompt_tokens", last.prompt_tokens},
            {"completion_tokens", last.generated_tokens},
            {"total_tokens", last.prompt_tokens + last.generated_tokens},
            {"prompt_tokens_details", {{"cached_tokens", last.cached_tokens}}},
            {"brim", brim_usage(shape_)}};
  }

  // Null for what an event does not have: a text, the reason of the end.
  std::string event_of(const std::string* text, bool role, const char* reason,
                       const OrderedJson& logprobs = nullptr) const {
    OrderedJson choice = {{"index", 0}};
    if (chat_) {
      OrderedJson delta = OrderedJson::object();
      if (role) delta["role"] = "assistant";
      if (text != nullptr) delta["content"] = *text;
      choice["delta"] = std::move(delta);
    } else {
      choice["text"] = text == nullptr ? std::string() : *text;
    }
    choice["logprobs"] = logprobs;
    choice["finish_reason"] = reason == nullptr ? OrderedJson() : OrderedJson(reason);
    OrderedJson event = head();
    event["choices"] = OrderedJson::array({std::move(choice)});
    if (shape_.include_usage) event["usage"] = nullptr;
    return event_text(json_text(event));
  }

  AnswerShape shape_;
  bool chat_;
};

}  // namespace

OrderedJson openai_error(const Refusal& refusal) { return {{"error", error_object(refusal)}}; }

OrderedJson brim_usage(const AnswerShape& shape) {
  return {{"kv_budget_bytes", shape.kv_budget_bytes}, {"seed", shape.seed}};
}

std::unique_ptr<AnswerWriter> chat_writer(AnswerShape shape) {
  return std::make_unique<CompletionWriter>(std::move(shape), true);
}

std::unique_ptr<AnswerWriter> completion_writer(AnswerShape shape) {
  return std::make_unique<CompletionWriter>(std::move(shape), false);
}

}  // namespace brim::apps::serve

// See ollama.hpp: answers and errors.
#include "apps/serve/families/ollama.hpp"

#include <utility>

namespace brim::apps::serve {
namespace {

class OllamaWriter : public AnswerWriter {
 public:
  OllamaWriter(AnswerShape shape, bool chat) : shape_(std::move(shape)), chat_(chat) {}

  std::string add(const AnswerState& state) override {
    std::string lines;
    if (!state.piece.text.empty()) {
      OrderedJson object = head(state.piece.text);
      object["done"] = false;
      lines = json_text(object) + "\n";
    }
    if (state.piece.last()) lines += json_text(end("", state)) + "\n";
    return lines;
  }

  std::string fail(const Refusal& refusal) override { return json_text(ollama_error(refusal)) + "\n"; }

  OrderedJson whole(const AnswerState& state) const override { return end(state.text, state); }

 private:
  OrderedJson head(const std::string& text) const {
    OrderedJson object = {{"model", shape_.model}, {"created_at", ollama_time(shape_.created)}};
    if (chat_) {
      object["message"] = {{"role", "assistant"}, {"content", text}};
    } else {
      object["response"] = text;
    }
    return object;
  }

  OrderedJson end(const std::string& text, const AnswerState& state) const {
    OrderedJson object = head(text);
    object["done"] = true;
    object["done_reason"] = state.piece.end == Session::End::limit ? "length" : "stop";
    object["total_duration"] = state.total_ns;
    object["load_duration"] = 0;  // it was loaded before
    object["prompt_eval_count"] = state.piece.prompt_tokens;
    object["prompt_eval_duration"] = state.prompt_ns;
    object["eval_count"] = state.piece.generated_tokens;
    object["eval_duration"] = state.total_ns - state.prompt_ns;
    return object;
  }

  AnswerShape shape_;
  bool chat_;
};

}  // namespace

OrderedJson ollama_error(const Refusal& refusal) { return {{"error", refusal.what()}}; }

std::unique_ptr<AnswerWriter> ollama_chat_writer(AnswerShape shape) {
  return std::make_unique<OllamaWriter>(std::move(shape), true);
}

std::unique_ptr<AnswerWriter> ollama_generate_writer(AnswerShape shape) {
  return std::make_unique<OllamaWriter>(std::move(shape), false);
}

}  // namespace brim::apps::serve

// See openai.hpp: answers of /v1/responses.
#include <utility>

#include "apps/serve/families/openai.hpp"

namespace brim::apps::serve {
namespace {

class ResponseWriter : public AnswerWriter {
 public:
  explicit ResponseWriter(AnswerShape shape)
      : shape_(std::move(shape)), item_id_("msg_" + shape_.id.substr(shape_.id.find('_') + 1)) {}

  std::string begin() override {
    const OrderedJson response = response_of("in_progress");
    std::string events = event("response.created", {{"response", response}});
    return events + event("response.in_progress", {{"response", response}});
  }

  std::string add(const AnswerState& state) override {
    std::string events;
    if (!state.piece.text.empty()) {
      events += open_item();
      events += text_event("response.output_text.delta", "delta", state.piece.text);
    }
    if (!state.piece.last()) return events;
    events += open_item();
    const bool cut = state.piece.end == Session::End::limit;
    events += text_event("response.output_text.done", "text", state.text);
    OrderedJson done = place();
    done["part"] = output_text_of(state.text);
    events += event("response.content_part.done", done);
    events += event("response.output_item.done", {{"output_index", 0}, {"item", item_of(state.text, ended(cut))}});
    return events + event(cut ? "response.incomplete" : "response.completed", {{"response", whole(state)}});
  }

  std::string fail(const Refusal& refusal) override {
    const std::string code = refusal.code.empty() ? "server_error" : refusal.code;
    OrderedJson response = response_of("failed");
    response["error"] = {{"code", code}, {"message", refusal.what()}};
    std::string events = event("response.failed", {{"response", std::move(response)}});
    OrderedJson error = error_object(refusal);
    OrderedJson members = {{"code", code}, {"message", refusal.what()}, {"param", error.at("param")}};
    members["error"] = std::move(error);
    return events + event("error", members);
  }

  OrderedJson whole(const AnswerState& state) const override {
    const bool cut = state.piece.end == Session::End::limit;
    OrderedJson response = response_of(ended(cut));
    if (cut) response["incomplete_details"] = {{"reason", "max_output_tokens"}};
    response["output"] = OrderedJson::array({item_of(state.text, ended(cut))});
    const AnswerPiece& last = state.piece;
    response["usage"] = {{"input_tokens", last.prompt_tokens},
                         {"input_tokens_details", {{"cached_tokens", last.cached_tokens}}},
                         {"output_tokens", last.generated_tokens},
                         {"output_tokens_details", {{"reasoning_tokens", 0}}},
                         {"total_tokens", last.prompt_tokens + last.generated_tokens},
                         {"brim", brim_usage(shape_)}};
    return response;
  }

 private:
  static const char* ended(bool cut) { return cut ? "incomplete" : "completed"; }

  // Every event has its type and its number, from 0.
  std::string event(const char* type, const OrderedJson& members) {
    OrderedJson data = {{"type", type}, {"sequence_number", number_++}};
    data.update(members);
    return event_text(json_text(data), type);
  }

  std::string open_item() {
    if (std::exchange(open_, true)) return {};
    OrderedJson item = item_of("", "in_progress");
    item["content"] = OrderedJson::array();
    std::string events = event("response.output_item.added", {{"output_index", 0}, {"item", std::move(item)}});
    OrderedJson added = place();
    added["part"] = output_text_of("");
    return events + event("response.content_part.added", added);
  }

  std::string text_event(const char* type, const char* member, const std::string& text) {
    OrderedJson members = place();
    members[member] = text;
    members["logprobs"] = OrderedJson::array();
    return event(type, members);
  }

  OrderedJson place() const { return {{"item_id", item_id_}, {"output_index", 0}, {"content_index", 0}}; }

  static OrderedJson output_text_of(const std::string& text) {
    return {{"type", "output_text"},
            {"text", text},
            {"annotations", OrderedJson::array()},
            {"logprobs", OrderedJson::array()}};
  }

  OrderedJson item_of(const std::string& text, const char* status) const {
    return {{"id", item_id_},
            {"type", "message"},
            {"status", status},
            {"role", "assistant"},
            {"content", OrderedJson::array({output_text_of(text)})}};
  }

  OrderedJson response_of(const char* status) const {
    const auto repeated = [this](const char* name, OrderedJson otherwise = {}) {
      const auto found = shape_.echo.find(name);
      return found == shape_.echo.end() ? otherwise : OrderedJson(*found);
    };
    return {{"id", shape_.id},
            {"object", "response"},
            {"created_at", shape_.created},
            {"status", status},
            {"background", false},
            {"error", nullptr},
            {"incomplete_details", nullptr},
            {"instructions", repeated("instructions")},
            {"max_output_tokens", repeated("max_output_tokens")},
            {"model", shape_.model},
            {"output", OrderedJson::array()},
            {"parallel_tool_calls", true},
            {"previous_response_id", nullptr},
            {"reasoning", {{"effort", nullptr}, {"summary", nullptr}}},
            {"store", false},
            {"temperature", repeated("temperature")},
            {"text", {{"format", {{"type", "text"}}}}},
            {"tool_choice", "auto"},
            {"tools", OrderedJson::array()},
            {"top_p", repeated("top_p")},
            {"truncation", "disabled"},
            {"usage", nullptr},
            {"metadata", repeated("metadata", OrderedJson::object())}};
  }

  AnswerShape shape_;
  std::string item_id_;
  std::int64_t number_ = 0;
  bool open_ = false;  ///< the item was begun
};

}  // namespace

std::unique_ptr<AnswerWriter> response_writer(AnswerShape shape) {
  return std::make_unique<ResponseWriter>(std::move(shape));
}

}  // namespace brim::apps::serve

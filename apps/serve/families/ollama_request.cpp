// See ollama.hpp: how requests are read.
#include <fmt/format.h>

#include <chrono>
#include <string_view>
#include <utility>

#include "apps/serve/families/ollama.hpp"
#include "apps/serve/messages.hpp"
#include "apps/serve/sampling_request.hpp"

namespace brim::apps::serve {
namespace {

std::int64_t seconds_since_1970() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// What both have in common, beside the prompt.
void read_shared(Fields& fields, const Json& body, AnswerRequest& request) {
  read_head(fields, body, request);
  refuse_asked(fields, {"logprobs", "top_logprobs"});
  request.model = ollama_model_name(std::move(request.model));
  request.stream = fields.flag("stream").value_or(true);
  if (const Json* const options = fields.find("options")) {
    Fields inside(*options, "options.");
    read_stops(inside, "stop", request);
    read_sampling(inside, request);
    read_limit(inside, "num_predict", request, -2);
    note_ignored(inside, request);
  }
}

bool unloads(const Json* keep_alive) {
  if (keep_alive == nullptr) return false;
  return *keep_alive == 0 || *keep_alive == "0" || *keep_alive == "0s" || *keep_alive == "0m";
}

/// The reply to a request that only loads the model. `member`: the one that has the answer's text.
std::string loaded(const Fields& fields, const Json* keep_alive, const AnswerRequest& request, const char* member,
                   OrderedJson empty) {
  if (unloads(keep_alive)) {
    throw Refusal(400, "keep_alive is 0: this server keeps its model loaded", fields.place("keep_alive"),
                  "unsupported_parameter");
  }
  OrderedJson reply = {{"model", request.model}, {"created_at", ollama_time(seconds_since_1970())}};
  reply[member] = std::move(empty);
  reply["done"] = true;
  reply["done_reason"] = "load";
  return json_text(reply);
}

}  // namespace

std::string ollama_model_name(std::string name) {
  constexpr std::string_view kTag = ":latest";
  if (name.size() > kTag.size() && name.ends_with(kTag)) name.resize(name.size() - kTag.size());
  return name;
}

std::string ollama_time(std::int64_t seconds) {
  const std::chrono::sys_seconds time{std::chrono::seconds(seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

AnswerRequest read_ollama_chat(const Json& body) {
  Fields fields(body);
  AnswerRequest request;
  request.chat = true;
  read_shared(fields, body, request);
  const Json* const keep_alive = fields.find("keep_alive");
  const Json* const messages = fields.find("messages");
  if (messages == nullptr || (messages->is_array() && messages->empty())) {
    request.ready = loaded(fields, keep_alive, request, "message", {{"role", "assistant"}, {"content", ""}});
    return request;
  }
  request.messages = engine_messages(*messages, request.ignored);
  note_ignored(fields, request);
  return request;
}

AnswerRequest read_ollama_generate(const Json& body) {
  Fields fields(body);
  AnswerRequest request;
  read_shared(fields, body, request);
  refuse_asked(fields, {"images", "context", "template"});
  const Json* const keep_alive = fields.find("keep_alive");
  const std::string prompt = fields.text("prompt").value_or("");
  const std::string system = fields.text("system").value_or("");
  const bool raw = fields.flag("raw").value_or(false);
  if (prompt.empty()) {
    request.ready = loaded(fields, keep_alive, request, "response", "");
    return request;
  }
  if (raw) {  // the client has rendered it
    request.text = prompt;
    request.parse_special = true;
  } else {
    request.chat = true;
    OrderedJson messages = OrderedJson::array();
    messages.push_back({{"role", "user"}, {"content", prompt}});
    put_system_first(messages, system);
    request.messages = messages.dump();
  }
  note_ignored(fields, request);
  return request;
}

}  // namespace brim::apps::serve

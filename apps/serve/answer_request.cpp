// See answer_request.hpp.
#include "apps/serve/answer_request.hpp"

#include <fmt/format.h>

#include <limits>

#include "apps/serve/fields.hpp"
#include "apps/serve/logprobs.hpp"
#include "apps/serve/messages.hpp"
#include "apps/serve/reply.hpp"
#include "apps/serve/sampling_request.hpp"

namespace brim::apps::serve {
namespace {

/// Names that constrain the answer on one server or another, or ask for a longer one: a client that is answered without
/// them would take the answer for what it is not.
constexpr const char* kNotImplemented[] = {
    "response_format",
    "tools",
    "tool_choice",
    "grammar",
    "json_schema",
    "structured_outputs",
    "regex",
    "ebnf",
    "functions",
    "function_call",
    "format",
    "guided_json",
    "guided_regex",
    "guided_choice",
    "guided_grammar",
    "kv_budget",
    "audio",
    "suffix",
    "echo",
    "prediction",
};

/// Whether a value says that nothing is asked for: clients send some of these unasked.
bool asks_for_nothing(const std::string& name, const Json& value) {
  if (value.is_array() && value.empty()) return true;
  if (value == false || value == "") return true;
  if (name == "tool_choice") {
    const Json choice = value.is_object() ? value.value("type", Json()) : value;
    return choice == "none" || choice == "auto";
  }
  if (name == "function_call") return value == "none";
  if (name == "top_logprobs") return value == 0;  // of clients whose answers have none
  if (name == "response_format") return value.is_object() && value.size() == 1 && value.value("type", Json()) == "text";
  return false;
}

void refuse_one(const Fields& fields, const std::string& name, const Json& value) {
  if (asks_for_nothing(name, value)) return;
  const std::string place = fields.place(name);
  throw Refusal(400, fmt::format("{}: this server does not do that yet, and does not answer without it", place), place,
                "unsupported_parameter");
}

void read_stream(Fields& fields, AnswerRequest& request) {
  request.stream = fields.flag("stream").value_or(false);
  const Json* const options = fields.find("stream_options");
  if (options == nullptr) return;
  if (!options->is_object()) refuse_kind("stream_options", "an object", *options);
  Fields inside(*options, "stream_options.");
  request.include_usage = inside.flag("include_usage").value_or(false) && request.stream;
  note_ignored(inside, request);
}

/// What chats and completions have in common.
void read_common(Fields& fields, const Json& body, AnswerRequest& request) {
  read_head(fields, body, request);
  read_stream(fields, request);
  read_stops(fields, "stop", request);
  read_sampling(fields, request);
  // The newer name counts where both are given.
  for (const char* name : {"max_tokens", "max_completion_tokens"}) read_limit(fields, name, request);
  request.logprobs = read_logprobs(fields, request.chat);
  // Hints that change no answer.
  (void)fields.text("user");
  (void)fields.text("prompt_cache_key");
  note_ignored(fields, request);
}

}  // namespace

std::string AnswerRequest::only_stop() const {
  std::string only;
  for (const auto& [name, value] : options) {
    if (name != "stop") continue;
    if (!only.empty()) return {};
    only = value;
  }
  return only;
}

void refuse_asked(Fields& fields, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const Json* const value = fields.find(name)) refuse_one(fields, name, *value);
  }
}

void read_head(Fields& fields, const Json& body, AnswerRequest& request) {
  request.model = fields.text("model").value_or("");
  for (const char* name : kNotImplemented) refuse_asked(fields, {name});
  for (const auto& [name, value] : body.items()) {
    if (name.starts_with("guided_") && !value.is_null()) refuse_one(fields, name, value);
  }
  for (const char* name : {"n", "best_of"}) (void)fields.integer(name, 1, 1);
  request.reuse = fields.flag("cache_prompt").value_or(true);
}

void note_ignored(const Fields& fields, AnswerRequest& request) {
  for (const std::string& name : fields.unknown()) request.ignored.push_back(name);
}

std::vector<std::int32_t> token_ids(const Json& value, const std::string& name) {
  if (!value.is_array()) refuse_kind(name, "an array of token ids", value);
  std::vector<std::int32_t> ids;
  ids.reserve(value.size());
  for (const Json& id : value) {
    if (!id.is_number_integer()) refuse_kind(name, "token ids", id);
    const bool fits = id.is_number_unsigned() &&
                      id.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max());
    if (!fits) refuse_field(name, fmt::format("has {}, which is not a token id", id.dump()));
    ids.push_back(id.get<std::int32_t>());
  }
  return ids;
}

AnswerRequest read_chat_request(const Json& body) {
  Fields fields(body);
  AnswerRequest request;
  request.chat = true;
  const Json* const messages = fields.find("messages");
  if (messages == nullptr) refuse_field("messages", "is missing: expected an array of messages");
  request.messages = engine_messages(*messages, request.ignored);
  read_common(fields, body, request);
  return request;
}

AnswerRequest read_completion_request(const Json& body) {
  Fields fields(body);
  AnswerRequest request;
  const Json* prompt = fields.find("prompt");
  if (prompt == nullptr) refuse_field("prompt", "is missing: expected a string or an array of token ids");
  const bool list = prompt->is_array() && !prompt->empty() && !(*prompt)[0].is_number();
  if (list && prompt->size() > 1) refuse_field("prompt", "has several prompts: expected one per request");
  if (list) prompt = &(*prompt)[0];
  if (prompt->is_string()) {
    request.text = prompt->get<std::string>();
  } else if (prompt->is_array()) {
    request.ids = token_ids(*prompt, "prompt");
    if (request.ids.empty()) refuse_field("prompt", "has no token ids");
  } else {
    refuse_kind("prompt", "a string or an array of token ids", *prompt);
  }
  request.parse_special = fields.flag("parse_special").value_or(false);
  read_common(fields, body, request);
  return request;
}

}  // namespace brim::apps::serve

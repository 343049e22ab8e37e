// See openai.hpp: how a request of /v1/responses is read.
#include <fmt/format.h>

#include <utility>

#include "apps/serve/families/openai.hpp"
#include "apps/serve/messages.hpp"
#include "apps/serve/sampling_request.hpp"

namespace brim::apps::serve {
namespace {

constexpr std::string_view kInputTypes[] = {"input_text", "output_text", "text"};
/// Bytes of JSON, because the answer repeats it up to three times: more than OpenAI takes, 16 texts of 512 characters.
constexpr std::size_t kMaxMetadata = std::size_t{64} << 10;

/// What needs something that was kept of an earlier request.
void refuse_state(Fields& fields) {
  for (const char* name : {"previous_response_id", "conversation", "prompt"}) {
    if (fields.find(name) == nullptr) continue;
    throw Refusal(400, fmt::format("{}: this server keeps nothing between requests: send the whole input", name), name,
                  "unsupported_parameter");
  }
  if (fields.flag("background").value_or(false)) {
    throw Refusal(400, "background: this server keeps nothing between requests: wait for the answer", "background",
                  "unsupported_parameter");
  }
}

void read_input(Fields& fields, AnswerRequest& request) {
  const Json* const input = fields.find("input");
  if (input == nullptr) refuse_field("input", "is missing: expected a string or an array of messages");
  OrderedJson messages = OrderedJson::array();
  if (input->is_string()) {
    messages.push_back({{"role", "user"}, {"content", input->get<std::string>()}});
  } else if (input->is_array()) {
    messages = read_messages(*input, {"input", kInputTypes, true}, request.ignored);
  } else {
    refuse_kind("input", "a string or an array of messages", *input);
  }
  put_system_first(messages, fields.text("instructions").value_or(""));
  request.chat = true;
  request.messages = messages.dump();
}

/// Of `text` only a format of plain text is implemented.
void check_text(Fields& fields, AnswerRequest& request) {
  const Json* const text = fields.find("text");
  if (text == nullptr) return;
  Fields inside(*text, "text.");
  if (const Json* const format = inside.find("format")) {
    const bool plain = format->is_object() && format->size() == 1 && format->value("type", Json()) == "text";
    if (!plain) {
      throw Refusal(400, "text.format: this server does not do that yet, and does not answer without it", "text.format",
                    "unsupported_parameter");
    }
  }
  note_ignored(inside, request);
}

void check_include(Fields& fields) {
  const Json* const include = fields.find("include");
  if (include == nullptr) return;
  if (!include->is_array()) refuse_kind("include", "an array of strings", *include);
  for (const Json& name : *include) {
    if (name == "message.output_text.logprobs") {
      throw Refusal(400, "include: this server does not do logprobs for responses yet", "include",
                    "unsupported_parameter");
    }
  }
}

void check_metadata(Fields& fields) {
  const Json* const metadata = fields.find("metadata");
  if (metadata == nullptr) return;
  if (!metadata->is_object()) refuse_kind("metadata", "an object", *metadata);
  if (metadata->dump().size() > kMaxMetadata) {
    refuse_field("metadata", fmt::format("has more than {} bytes", kMaxMetadata));
  }
}

}  // namespace

AnswerRequest read_response_request(const Json& body) {
  Fields fields(body);
  AnswerRequest request;
  refuse_state(fields);
  read_input(fields, request);
  read_head(fields, body, request);
  refuse_asked(fields, {"logprobs", "top_logprobs"});
  check_text(fields, request);
  check_include(fields);
  check_metadata(fields);
  request.stream = fields.flag("stream").value_or(false);
  read_stops(fields, "stop", request);
  read_sampling(fields, request);
  read_limit(fields, "max_output_tokens", request);
  for (const char* name : {"instructions", "max_output_tokens", "temperature", "top_p", "metadata"}) {
    if (const Json* const value = fields.find(name)) request.echo[name] = *value;
  }
  // Hints that change no answer: nothing is stored, whatever `store` says, and the answer says so.
  for (const char* name : {"user", "prompt_cache_key", "safety_identifier", "service_tier", "store", "stream_options",
                           "parallel_tool_calls"}) {
    (void)fields.find(name);
  }
  note_ignored(fields, request);
  return request;
}

}  // namespace brim::apps::serve

// See answer_request.hpp.
#include "apps/serve/answer_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "apps/serve/fields.hpp"
#include "apps/serve/logprobs.hpp"
#include "apps/serve/messages.hpp"
#include "apps/serve/reply.hpp"
#include "engine/base/number_text.hpp"
#include "engine/base/quote.hpp"

namespace brim::apps::serve {
namespace {

constexpr std::int64_t kMaxTokens = std::int64_t{1} << 40;
constexpr std::size_t kMaxStops = 16, kMaxBiases = 1024;

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

struct NumberField {
  const char *name, *key;
  double min, max;
};
constexpr NumberField kNumbers[] = {
    {"temperature", "temperature", 0, 1e6},
    {"top_p", "top_p", 0, 1},
    {"min_p", "min_p", 0, 1},
    {"typical_p", "typical_p", 0, 1},
    {"repeat_penalty", "repeat_penalty", 1e-6, 1e6},
    {"presence_penalty", "presence_penalty", -2, 2},
    {"frequency_penalty", "frequency_penalty", -2, 2},
    {"xtc_probability", "xtc_probability", 0, 1},
    {"xtc_threshold", "xtc_threshold", 0, 1},
};

/// Whether a value says that nothing is asked for: clients send some of these unasked.
bool asks_for_nothing(const std::string& name, const Json& value) {
  if (value.is_array() && value.empty()) return true;
  if (value == false || value == "") return true;
  if (name == "tool_choice") return value == "none" || value == "auto";
  if (name == "function_call") return value == "none";
  if (name == "response_format") return value.is_object() && value.size() == 1 && value.value("type", Json()) == "text";
  return false;
}

void refuse_not_implemented(Fields& fields, const Json& body) {
  const auto check = [](const std::string& name, const Json& value) {
    if (asks_for_nothing(name, value)) return;
    throw Refusal(400, fmt::format("{}: this server does not do that yet, and does not answer without it", name), name,
                  "unsupported_parameter");
  };
  for (const char* name : kNotImplemented) {
    if (const Json* const value = fields.find(name)) check(name, *value);
  }
  for (const auto& [name, value] : body.items()) {
    if (name.starts_with("guided_") && !value.is_null()) check(name, value);
  }
  for (const char* name : {"n", "best_of"}) (void)fields.integer(name, 1, 1);
}

void read_stops(Fields& fields, AnswerRequest& request) {
  const Json* const stop = fields.find("stop");
  if (stop == nullptr) return;
  const Json stops = stop->is_string() ? Json::array({*stop}) : *stop;
  if (!stops.is_array()) refuse_kind("stop", "a string or an array of strings", *stop);
  if (stops.size() > kMaxStops) refuse_field("stop", fmt::format("has more than {} texts", kMaxStops));
  for (const Json& text : stops) {
    if (!text.is_string()) refuse_kind("stop", "a string or an array of strings", text);
    const auto& bytes = text.get_ref<const std::string&>();
    if (bytes.empty()) refuse_field("stop", "has an empty text, which would end every answer");
    if (bytes.find('\0') != std::string::npos) refuse_field("stop", "has a text with a NUL in it");
    request.options.emplace_back("stop", bytes);
  }
}

void read_biases(Fields& fields, AnswerRequest& request) {
  const Json* const biases = fields.find("logit_bias");
  if (biases == nullptr) return;
  if (!biases->is_object()) refuse_kind("logit_bias", "an object of token ids and numbers", *biases);
  if (biases->size() > kMaxBiases) refuse_field("logit_bias", fmt::format("has more than {} entries", kMaxBiases));
  for (const auto& [id, bias] : biases->items()) {
    const auto token = parse_integer<std::int32_t>(id);
    if (!token || *token < 0) refuse_field("logit_bias", fmt::format("has {} in place of a token id", quoted(id)));
    request.max_bias_id = std::max(request.max_bias_id, *token);
    if (!bias.is_number()) refuse_kind("logit_bias." + id, "a number from -100 to 100", bias);
    const double value = bias.get<double>();
    if (!(value >= -100 && value <= 100)) refuse_field("logit_bias", "has a bias that is not from -100 to 100");
    request.options.emplace_back("logit_bias", fmt::format("{}{}{}", *token, value < 0 ? "" : "+", bias.dump()));
  }
}

void read_seed(Fields& fields, AnswerRequest& request) {
  const Json* const seed = fields.find("seed");
  if (seed == nullptr) return;
  if (!seed->is_number_integer()) refuse_kind("seed", "a whole number", *seed);
  const bool negative = !seed->is_number_unsigned();
  if (negative && seed->get<std::int64_t>() == -1) return;  // at random, as for the commands
  request.seed =
      seed->is_number_unsigned() ? seed->get<std::uint64_t>() : static_cast<std::uint64_t>(seed->get<std::int64_t>());
}

void read_limit(Fields& fields, AnswerRequest& request) {
  for (const char* name : {"max_tokens", "max_completion_tokens"}) {  // the newer name counts where both are given
    const auto limit = fields.integer(name, -1, kMaxTokens);
    if (limit && *limit == 0) refuse_field(name, "is 0: expected at least 1 token");
    if (limit && *limit > 0) request.limit = *limit;
  }
}

void read_sampling(Fields& fields, AnswerRequest& request) {
  for (const NumberField& field : kNumbers) {
    if (auto value = fields.number(field.name, field.min, field.max)) {
      request.options.emplace_back(field.key, std::move(*value));
    }
  }
  if (const auto count = fields.integer("top_k", -1, std::numeric_limits<std::int32_t>::max())) {
    request.options.emplace_back("top_k", fmt::format("{}", *count < 0 ? 0 : *count));
  }
  if (const auto count = fields.integer("repeat_last_n", -1, std::numeric_limits<std::int32_t>::max())) {
    request.options.emplace_back("repeat_last_n", fmt::format("{}", *count));
  }
  if (const auto ignore = fields.flag("ignore_eos")) {
    request.options.emplace_back("stop.ignore_eos", *ignore ? "1" : "0");
  }
  read_stops(fields, request);
  read_biases(fields, request);
  read_seed(fields, request);
  read_limit(fields, request);
}

void read_stream(Fields& fields, AnswerRequest& request) {
  request.stream = fields.flag("stream").value_or(false);
  const Json* const options = fields.find("stream_options");
  if (options == nullptr) return;
  if (!options->is_object()) refuse_kind("stream_options", "an object", *options);
  Fields inside(*options);
  request.include_usage = inside.flag("include_usage").value_or(false) && request.stream;
  for (const std::string& name : inside.unknown()) request.ignored.push_back("stream_options." + name);
}

/// What chats and completions have in common.
void read_common(Fields& fields, const Json& body, AnswerRequest& request) {
  request.model = fields.text("model").value_or("");
  refuse_not_implemented(fields, body);
  read_stream(fields, request);
  read_sampling(fields, request);
  request.logprobs = read_logprobs(fields, request.chat);
  request.reuse = fields.flag("cache_prompt").value_or(true);
  // Hints that change no answer.
  (void)fields.text("user");
  (void)fields.text("prompt_cache_key");
  for (const std::string& name : fields.unknown()) request.ignored.push_back(name);
}

}  // namespace

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

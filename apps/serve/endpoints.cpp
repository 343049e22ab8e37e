// See endpoints.hpp.
#include "apps/serve/endpoints.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <random>

#include "apps/serve/engine_failures.hpp"
#include "apps/serve/fields.hpp"
#include "apps/serve/length_check.hpp"
#include "apps/serve/messages.hpp"
#include "apps/serve/metrics.hpp"
#include "apps/terminal/error_output.hpp"
#include "engine/base/quote.hpp"

namespace brim::apps::serve {
namespace {

int digit_of(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
  return -1;
}

/// 24 letters and digits, for programs to tell answers apart; not a secret.
std::string random_id() {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::random_device device;
  std::string id;
  for (int i = 0; i < 24; ++i) id += kAlphabet[device() % kAlphabet.size()];
  return id;
}

std::int64_t seconds_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

constexpr std::string_view kModelPath = "/v1/models/";

struct Endpoints::Route {
  std::string_view method, path;
  Outcome (Endpoints::*handle)(const Call&) const;
};

const Endpoints::Route* Endpoints::find(std::string_view method, std::string_view path, std::string& allowed) {
  static constexpr Route kRoutes[] = {
      {"GET", "/health", &Endpoints::health},
      {"GET", "/v1/models", &Endpoints::models},
      {"GET", kModelPath, &Endpoints::one_model},
      {"GET", "/props", &Endpoints::props},
      {"GET", "/metrics", &Endpoints::metrics},
      {"GET", "/slots", &Endpoints::slots},
      {"GET", "/v1/plan", &Endpoints::plan},
      {"POST", "/v1/embeddings", &Endpoints::embeddings},
      {"POST", "/api/embed", &Endpoints::embeddings},
      {"POST", "/v1/rerank", &Endpoints::rerank},
      {"POST", "/tokenize", &Endpoints::tokenize},
      {"POST", "/detokenize", &Endpoints::detokenize},
      {"POST", "/apply-template", &Endpoints::apply_template},
      {"POST", "/v1/messages/count_tokens", &Endpoints::count_tokens},
      {"GET", "/api/version", &Endpoints::ollama_version},
      {"GET", "/api/tags", &Endpoints::ollama_tags},
      {"GET", "/api/ps", &Endpoints::ollama_ps},
      {"POST", "/api/show", &Endpoints::ollama_model},
  };
  static constexpr Route kAnswer = {"POST", "", &Endpoints::answer};  // at the paths of all families
  if (family_of(path) != nullptr) {
    if (method == kAnswer.method) return &kAnswer;
    allowed = kAnswer.method;
    return nullptr;
  }
  if (method == "HEAD") method = "GET";
  for (const Route& route : kRoutes) {
    const bool here = route.path == kModelPath ? path.starts_with(kModelPath) : path == route.path;
    if (here && route.method == method) return &route;
    if (here) allowed = route.method;
  }
  return nullptr;
}

void Endpoints::check(std::string_view method, std::string_view path) {
  std::string allowed;
  if (find(method, path, allowed) != nullptr) return;
  if (allowed.empty()) throw Refusal(404, fmt::format("there is no {} here", quoted(path)), "", "not_found");
  throw Refusal(405, fmt::format("{} takes {}, not {}", path, allowed, quoted(method)), "", "method_not_allowed");
}

Outcome Endpoints::handle(const Call& call) const {
  try {
    std::string allowed;
    const Route* const route = find(call.method, call.path, allowed);
    if (route == nullptr) check(call.method, call.path);
    return (this->*route->handle)(call);
  } catch (const Refusal& refusal) {
    return error_reply(refusal, client_of(call.path));
  } catch (const Exception& failure) {
    const Refusal refusal = refusal_of(failure.status(), failure.what());
    if (refusal.status == 500) say(fmt::format("brim: {}: {}", call.path, failure.what()));
    return error_reply(refusal, client_of(call.path));
  }
}

Reply json_reply(const OrderedJson& json) {
  Reply reply;
  reply.body = json_text(json) + "\n";
  return reply;
}

std::string query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
      return percent_decoded(pair.substr(equals + 1));
    }
  }
  return {};
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      decoded += text[at];
      continue;
    }
    const int high = at + 2 < text.size() ? digit_of(text[at + 1]) : -1;
    const int low = at + 2 < text.size() ? digit_of(text[at + 2]) : -1;
    if (high < 0 || low < 0 || high + low == 0) throw Refusal(400, "the path has a '%' without two digits after it");
    decoded += static_cast<char>(high * 16 + low);
    at += 2;
  }
  return decoded;
}

void Endpoints::check_model(const std::string& name) const {
  // Of a name with ollama's tag its clients' requests have lost it.
  if (name.empty() || name == served_.id || name + ":latest" == served_.id) return;
  throw Refusal(404, fmt::format("there is no model {} here: this server has {}", quoted(name), served_.names), "model",
                "model_not_found");
}

Outcome Endpoints::health(const Call&) const { return json_reply({{"status", "ok"}}); }

Outcome Endpoints::models(const Call&) const {
  const brim_model_info info = model_.info();
  const OrderedJson model = {{"id", served_.id},
                             {"object", "model"},
                             {"created", served_.created},
                             {"owned_by", "brim"},
                             {"meta",
                              {{"architecture", info.architecture},
                               {"quantisation", info.quantisation},
                               {"parameters", info.parameters},
                               {"weight_bytes", info.weight_bytes},
                               {"vocabulary", info.vocabulary},
                               {"context", served_.context}}}};
  return json_reply({{"object", "list"}, {"data", OrderedJson::array({model})}});
}

Outcome Endpoints::one_model(const Call& call) const {
  const std::string name = percent_decoded(std::string_view(call.path).substr(kModelPath.size()));
  if (name.empty()) check_model("(no name)");
  check_model(name);
  const OrderedJson list = OrderedJson::parse(std::get<Reply>(models(call)).body);
  return json_reply(list.at("data").at(0));
}

Outcome Endpoints::props(const Call&) const {
  const brim_scheduler_stats stats = answers_.stats();
  OrderedJson defaults = OrderedJson::object();
  for (const auto& [key, value] : served_.defaults) defaults[key] = value;
  return json_reply({{"version", brim_version()},
                     {"isa", brim_isa()},
                     {"model", served_.id},
                     {"context", served_.context},
                     {"total_slots", stats.seats},
                     {"kv_budget_bytes", stats.kv_budget_bytes},
                     {"prefill_chunk", stats.chunk},
                     {"kept_tokens", stats.kept_tokens},
                     {"when_full", served_.refuse_when_full ? "refuse" : "evict"},
                     {"request_timeout", served_.request_seconds},
                     {"has_chat_template", model_.info().has_chat_template != 0},
                     {"operator_settings", std::move(defaults)}});
}

Outcome Endpoints::metrics(const Call&) const {
  if (!served_.metrics) {
    throw Refusal(404, "the counters are not served here: brim serve --metrics turns them on", "", "not_found");
  }
  Reply reply;
  reply.type = "text/plain; version=0.0.4; charset=utf-8";
  reply.body = metrics_text(answers_.stats(), model_.info().weight_bytes);
  return reply;
}

Outcome Endpoints::plan(const Call& call) const {
  check_model(query_value(call.query, "model"));
  const brim_scheduler_stats stats = answers_.stats();
  return json_reply({{"object", "plan"},
                     {"model", served_.id},
                     {"weight_bytes", model_.info().weight_bytes},
                     {"context", served_.context},
                     {"seats", stats.seats},
                     {"chunk", stats.chunk},
                     {"seat", {{"kv_budget_bytes", stats.kv_budget_bytes}, {"scratch_bytes", stats.scratch_bytes}}},
                     {"kv_budget_bytes", stats.kv_budget_bytes * stats.seats}});
}

Outcome Endpoints::rerank(const Call&) const {
  throw Refusal(501, "this server has no rerankers yet", "", "not_implemented");
}

Outcome Endpoints::answer(const Call& call) const {
  const AnswerFamily& family = *family_of(call.path);
  const AnswerRequest asked = family.read(parse_body(call.body));
  check_model(asked.model);
  if (asked.ready.empty()) return prepare(family, asked, call.key);
  Reply reply;
  reply.body = asked.ready + "\n";
  return reply;
}

Prepared Endpoints::prepare(const AnswerFamily& family, const AnswerRequest& asked, const std::string& key) const {
  const std::int64_t vocabulary = model_.info().vocabulary;
  if (asked.max_bias_id >= vocabulary) {
    refuse_field("logit_bias", fmt::format("names token {}: expected 0 to {}", asked.max_bias_id, vocabulary - 1));
  }
  Scheduler::Request prompt;
  prompt.messages = asked.messages;
  prompt.ids = asked.ids;
  prompt.text = asked.text;
  prompt.parse_special = asked.parse_special;
  Prepared prepared;
  prepared.request.ids = asked.ids.empty() ? answers_.prompt(prompt) : asked.ids;
  if (prepared.request.ids.empty()) throw Refusal(400, "the prompt has no tokens", asked.chat ? "messages" : "prompt");
  prepared.request.key = key;
  prepared.request.reuse = asked.reuse;
  prepared.request.top_logprobs = asked.logprobs.value_or(-1);
  prepared.request.timeout_ms = served_.request_seconds * 1000;
  const auto tokens = static_cast<std::int64_t>(prepared.request.ids.size());
  const brim_scheduler_stats stats = answers_.stats();
  const std::int64_t limit =
      answer_limit(tokens, asked.limit, {served_.context, stats.kept_tokens, served_.refuse_when_full},
                   asked.chat ? "messages" : "prompt");
  const std::uint64_t seed = asked.seed ? *asked.seed : served_.seed ? *served_.seed : std::random_device{}();
  for (const auto& [name, value] : asked.options) prepared.options.set(name, value);
  prepared.options.set("limit", fmt::format("{}", limit));
  prepared.options.set("seed", fmt::format("{}", seed));
  if (!asked.ignored.empty()) prepared.headers.push_back({"Brim-Ignored", ignored_header(asked.ignored)});
  prepared.shape = {&family,
                    asked.stream,
                    asked.include_usage,
                    std::string(family.id_prefix) + random_id(),
                    served_.id,
                    seconds_now(),
                    seed,
                    stats.kv_budget_bytes,
                    asked.only_stop(),
                    asked.echo,
                    asked.logprobs.has_value(),
                    asked.chat};
  return prepared;
}

Outcome Endpoints::tokenize(const Call& call) const {
  const Json body = parse_body(call.body);
  Fields fields(body);
  check_model(fields.text("model").value_or(""));
  const std::optional<std::string> text = fields.text("content");
  if (!text) refuse_field("content", "is missing: expected a string");
  const bool add_special = fields.flag("add_special").value_or(false);
  const std::vector<std::int32_t> ids =
      model_.tokenize(*text, add_special, fields.flag("parse_special").value_or(false));
  return json_reply({{"tokens", ids}});
}

Outcome Endpoints::detokenize(const Call& call) const {
  const Json body = parse_body(call.body);
  Fields fields(body);
  check_model(fields.text("model").value_or(""));
  const Json* const tokens = fields.find("tokens");
  if (tokens == nullptr) refuse_field("tokens", "is missing: expected an array of token ids");
  const std::vector<std::int32_t> ids = token_ids(*tokens, "tokens");
  const std::int64_t vocabulary = model_.info().vocabulary;
  for (const std::int32_t id : ids) {
    if (id >= vocabulary) refuse_field("tokens", fmt::format("has {}: expected 0 to {}", id, vocabulary - 1));
  }
  return json_reply({{"content", model_.detokenize(ids, fields.flag("render_special").value_or(false))}});
}

Outcome Endpoints::apply_template(const Call& call) const {
  const Json body = parse_body(call.body);
  Fields fields(body);
  check_model(fields.text("model").value_or(""));
  const Json* const messages = fields.find("messages");
  if (messages == nullptr) refuse_field("messages", "is missing: expected an array of messages");
  std::vector<std::string> ignored;
  Scheduler::Request prompt;
  prompt.messages = engine_messages(*messages, ignored);
  const std::vector<std::int32_t> ids = answers_.prompt(prompt);
  Reply reply = json_reply({{"prompt", model_.detokenize(ids, true)}, {"tokens", ids}});
  if (!ignored.empty()) reply.headers.push_back({"Brim-Ignored", ignored_header(ignored)});
  return reply;
}

}  // namespace brim::apps::serve

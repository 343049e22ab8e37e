// Which path does what. Called by the threads that render and tokenize, never by the one that serves connections.
#pragma once

#include <brim/scheduler.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "apps/serve/answer_body.hpp"
#include "apps/serve/answer_request.hpp"
#include "apps/serve/answers.hpp"
#include "apps/serve/embedding_body.hpp"
#include "apps/serve/families/families.hpp"
#include "apps/serve/families/ollama_models.hpp"
#include "apps/serve/reply.hpp"

namespace brim::apps::serve {

/// One request, with what the guard made of its headers.
struct Call {
  std::string method, path;  ///< "POST", "/v1/completions" without a query
  std::string key;           ///< Guard::check_key()
  std::string body;
  std::string query{};  ///< of the path: "model=a&b=c"
};

/// A request for an answer that can be submitted.
struct Prepared {
  Scheduler::Request request;  ///< with the ids of its prompt; its options are those below
  Options options;
  AnswerShape shape;
  std::vector<Header> headers;
};

using Outcome = std::variant<Reply, Prepared, EmbeddingJob>;

/// What is served.
struct ServedModel {
  std::string id;            ///< "brim-demo": the file's name
  std::int64_t context = 0;  ///< positions of a seat
  std::int64_t created = 0;  ///< seconds since 1970
  std::int32_t request_seconds = 0;
  bool metrics = false;
  bool refuse_when_full = false;
  std::string names{};                                        ///< of all models that are served: "'a', 'b'"
  std::optional<std::uint64_t> seed;                          ///< of requests without one, where the operator gave it
  std::vector<std::pair<std::string, std::string>> defaults;  ///< of the operator: sampling by the engine's keys
};

/// Does not change; any thread.
class Endpoints {
 public:
  /// `model` and `answers` outlive it.
  Endpoints(const Model& model, Answers& answers, ServedModel served)
      : model_(model), answers_(answers), served_(std::move(served)) {}

  /// Throws Refusal (404, 405) where no endpoint has this path and method. Needs no body.
  static void check(std::string_view method, std::string_view path);
  /// Whether an endpoint answers without a key: /health, for programs that see to it that the server runs.
  static bool is_open(std::string_view path) { return path == "/health"; }

  /// Never throws but for lack of memory: every failure is a reply.
  Outcome handle(const Call& call) const;

 private:
  struct Route;
  static const Route* find(std::string_view method, std::string_view path, std::string& allowed);

  Outcome health(const Call&) const;
  Outcome models(const Call&) const;
  Outcome one_model(const Call& call) const;
  Outcome props(const Call&) const;
  Outcome metrics(const Call&) const;
  Outcome slots(const Call&) const;  // slots.cpp
  Outcome plan(const Call& call) const;
  Outcome rerank(const Call&) const;
  Outcome answer(const Call& call) const;
  Outcome embeddings(const Call& call) const;  // endpoints_embeddings.cpp
  Outcome tokenize(const Call& call) const;
  Outcome detokenize(const Call& call) const;
  Outcome apply_template(const Call& call) const;
  Outcome count_tokens(const Call& call) const;
  Outcome ollama_version(const Call&) const;
  Outcome ollama_tags(const Call&) const;
  Outcome ollama_ps(const Call&) const;
  Outcome ollama_model(const Call& call) const;

  OllamaModel ollama_form() const;
  void check_model(const std::string& name) const;
  Prepared prepare(const AnswerFamily& family, const AnswerRequest& asked, const std::string& key) const;

  const Model& model_;
  Answers& answers_;
  ServedModel served_;
};

/// `text` with %XX replaced once. Throws Refusal (400) for a sequence that is not two digits, and for %00.
std::string percent_decoded(std::string_view text);
/// The value of `name` in a query, decoded; "" where it is absent. Throws Refusal (400) as percent_decoded().
std::string query_value(std::string_view query, std::string_view name);

/// A reply with status 200.
Reply json_reply(const OrderedJson& json);

}  // namespace brim::apps::serve

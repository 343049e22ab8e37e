// Conversations that count what each call has to process: for the tests of checkpoints.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/generate/session.hpp"
#include "tests/engine/generate/conversing.hpp"

namespace brim::test {

/// Writes past answers as they were asked for.
inline constexpr const char* kPlain =
    "{% for m in messages %}{% if m.role == 'user' %}U{% else %}A{% endif %}{{ m.content }};{% endfor %}"
    "{% if add_generation_prompt %}A{% endif %}";
/// Asks for answers that begin with a thought, and writes past ones without it, as templates of Qwen3.5 do.
inline constexpr const char* kThinking =
    "{% for m in messages %}{% if m.role == 'user' %}U{% else %}A{% endif %}{{ m.content }};{% endfor %}"
    "{% if add_generation_prompt %}A~{% endif %}";
inline constexpr const char* kTemplates[] = {kPlain, kThinking};
inline constexpr std::int64_t kSlack = 16;  // what a template adds around a message and an answer

/// A session, and how many tokens its last call that processed a text had to process.
struct Chat {
  Chat(const std::shared_ptr<const model::Model>& model, const char* chat_template, int checkpoints = -1) {
    generate::SessionOptions options;
    options.sequence.threads = 2;
    options.sequence.budget.kind = kv::BudgetRequest::Kind::full;
    options.sequence.checkpoints = checkpoints;
    options.sampling.temperature = 0;
    options.chat_template = chat_template;
    options.ignore_end_tokens = true;
    auto made = generate::Session::create(model, options);
    if (!made) FAIL(made.error().sentence);
    session = std::move(*made);
    observe();
  }
  explicit Chat(std::unique_ptr<generate::Session> other) : session(std::move(other)) { observe(); }
  Chat(const Chat&) = delete;
  Chat& operator=(const Chat&) = delete;

  void observe() {
    session->on_progress([this](long long, long long total) {
      processed = total;
      return true;
    });
  }
  void answer_again() {
    processed = 0;  // a single token is not reported
    REQUIRE(session->regenerate());
  }
  void message(const std::string& text) { REQUIRE(session->message("user", text)); }
  void load(const std::vector<std::string>& messages) {
    std::string json;
    for (std::size_t i = 0; i < messages.size(); ++i) {
      json += json.empty() ? "[" : ",";
      json +=
          std::string("{\"role\":\"") + (i % 2 == 0 ? "user" : "assistant") + "\",\"content\":\"" + messages[i] + "\"}";
    }
    REQUIRE(session->load_messages(json + "]"));
  }
  std::vector<float> logits() {
    const auto found = session->logits();
    if (!found) FAIL(found.error().sentence);
    return {found->begin(), found->end()};
  }
  std::int64_t tokens() const { return session->sequence().tokens(); }
  std::vector<std::int64_t> places() const {
    std::vector<std::int64_t> all;
    for (const kv::Checkpoint& one : session->sequence().cache().checkpoints()) all.push_back(one.tokens);
    return all;
  }
  void check_memory() const {
    const kv::Memory& memory = session->sequence().cache();
    CHECK(memory.bytes_peak() <= memory.plan().budget_bytes);
  }

  std::unique_ptr<generate::Session> session;
  std::int64_t processed = 0;
};

}  // namespace brim::test

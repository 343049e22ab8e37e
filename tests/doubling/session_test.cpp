// The input of a session: options, messages, and a saved session.
#include <string>

#include "engine/api/options.hpp"
#include "engine/generate/conversation.hpp"
#include "engine/generate/session_file.hpp"
#include "engine/generate/stop.hpp"
#include "tests/doubling/chosen_keys.hpp"
#include "tests/doubling/steps.hpp"
#include "tests/engine/text/tiny_vocabularies.hpp"
#include "tests/support/tiny_file.hpp"

namespace {

using namespace brim;
using test::check_doubling;

std::string repeated(std::string_view unit, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += unit;
  return text;
}

const text::Tokenizer& tokenizer() {
  static const text::Tokenizer instance =
      std::move(text::Tokenizer::create(test::bpe_vocabulary("llama-bpe", {}))).value();
  return instance;
}

}  // namespace

TEST_CASE("options that may be given again and again") {
  const struct {
    const char* name;
    api::OptionList (*make)(std::size_t n);
  } kinds[] = {
      {"stop strings",
       [](std::size_t n) {
         api::OptionList list;
         for (const std::string& key : test::plain_keys(n)) list.emplace_back("stop", key);
         return list;
       }},
      {"a long stop string",
       [](std::size_t n) {
         return api::OptionList{{"stop", std::string(64 * n, 'a')}};
       }},
      {"biases",
       [](std::size_t n) {
         api::OptionList list;
         for (std::size_t i = 0; i < n; ++i) list.emplace_back("logit_bias", std::to_string(i) + "+1");
         return list;
       }},
      {"biases of one token",
       [](std::size_t n) {
         return api::OptionList(n, {"logit_bias", "7-inf"});
       }},
      {"one number",
       [](std::size_t n) {
         return api::OptionList(n, {"temperature", "0.5"});
       }},
      {"a number of many digits",
       [](std::size_t n) {
         return api::OptionList{{"temperature", "0." + std::string(64 * n, '1')}};
       }},
      {"a size of many digits",
       [](std::size_t n) {
         return api::OptionList{{"kv.budget", std::string(64 * n, '1')}};
       }},
      {"a system message",
       [](std::size_t n) {
         return api::OptionList{{"system", std::string(64 * n, 'a')}};
       }},
      {"unknown keys",
       [](std::size_t n) {
         return api::OptionList{{std::string(64 * n, 'a'), "1"}};
       }},
  };
  for (const auto& kind : kinds) {
    check_doubling(kind.name, 2000, [&](std::size_t n) -> std::function<void()> {
      return [list = kind.make(n)] { static_cast<void>(api::session_options(list)); };
    });
  }
}

TEST_CASE("saved sessions") {
  const auto model = model::Model::load(test::TinyFile().path, {});
  REQUIRE(model.ok());
  const struct {
    const char* name;
    generate::Settings (*settings)(std::size_t n);
    std::size_t bytes_per_n;
  } kinds[] = {
      {"stop strings",
       [](std::size_t n) {
         return generate::Settings(n, {"stop", "a"});
       },
       0},
      {"biases",
       [](std::size_t n) {
         return generate::Settings(n, {"logit_bias", "7-inf"});
       },
       0},
      {"a long system message",
       [](std::size_t n) {
         return generate::Settings{{"system", std::string(64 * n, 'a')}};
       },
       0},
      {"state", [](std::size_t) { return generate::Settings(); }, 64},
  };
  for (const auto& kind : kinds) {
    check_doubling(kind.name, 1000, [&](std::size_t n) -> std::function<void()> {
      generate::SessionOrigin origin;
      origin.model_name = "tiny";
      origin.fingerprint = (*model)->file().profiles.fingerprint;
      origin.settings = kind.settings(n);
      StateWriter body;
      generate::save(origin, body);
      const std::vector<std::byte> piece(n * kind.bytes_per_n);
      body.piece(piece);
      return [&model, bytes = generate::session_file_bytes(body)] {
        const auto saved = generate::SavedSession::read(bytes, "saved", **model);
        REQUIRE_MESSAGE(saved.ok(), saved.error().sentence);
        CHECK(api::session_options(saved->origin().settings).ok());
      };
    });
  }
}

TEST_CASE("stop strings in a text") {
  const struct {
    const char* name;
    std::string (*stop)(std::size_t n);
    std::string (*text)(std::size_t n);
  } kinds[] = {
      {"that is about to match all the time", [](std::size_t n) { return std::string(n, 'a') + 'b'; },
       [](std::size_t n) { return std::string(4 * n, 'a'); }},
      {"that begins again and again", [](std::size_t n) { return repeated("ab", n) + 'c'; },
       [](std::size_t n) { return repeated("aba", 4 * n); }},
  };
  for (const auto& kind : kinds) {
    check_doubling(kind.name, 2000, [&](std::size_t n) -> std::function<void()> {
      return [stop = kind.stop(n), text = kind.text(n)] {
        generate::StopMatcher matcher({stop});
        std::string out;
        for (std::size_t at = 0; at < text.size(); at += 64) matcher.push(std::string_view(text).substr(at, 64), out);
        matcher.flush(out);
        CHECK(out == text);
      };
    });
  }
}

TEST_CASE("messages, from cleaning to ids") {
  const struct {
    const char* name;
    std::string (*make)(std::size_t n);
  } kinds[] = {
      {"letters", [](std::size_t n) { return std::string(n, 'a'); }},
      {"the mark that is taken out", [](std::size_t n) { return repeated("\uFDD0", n); }},
      {"marks inside marks", [](std::size_t n) { return repeated("\xEF\xEF\xB7\x90\xB7\x90", n); }},
      {"control tokens", [](std::size_t n) { return repeated("<|end|>", n); }},
      {"control tokens that overlap", [](std::size_t n) { return repeated("<|end|>user|>", n); }},
      {"bytes that are not UTF-8", [](std::size_t n) { return repeated("\xC3\xFF", n); }},
      {"white space", [](std::size_t n) { return repeated(" \n", n); }},
  };
  for (const auto& kind : kinds) {
    for (const char* name : {"chatml", "plain"}) {
      check_doubling(kind.name, 6000, [&](std::size_t n) -> std::function<void()> {
        return [name, text = kind.make(n)] {
          auto conversation = generate::Conversation::create(tokenizer(), name, "");
          REQUIRE(conversation.ok());
          REQUIRE(conversation->add("user", text).ok());
          const auto rendered = conversation->render();
          REQUIRE(rendered.ok());
          CHECK(conversation->encode(*rendered, true).ok());
          CHECK(conversation->json().size() > 2);
        };
      });
    }
  }
}

TEST_CASE("many messages") {
  for (const char* name : {"chatml", "llama3", "plain"}) {
    check_doubling(name, 1000, [&](std::size_t n) -> std::function<void()> {
      return [name, n] {
        auto conversation = generate::Conversation::create(tokenizer(), name, "");
        REQUIRE(conversation.ok());
        for (std::size_t i = 0; i < n; ++i) REQUIRE(conversation->add(i % 2 == 0 ? "user" : "assistant", "hi").ok());
        const auto rendered = conversation->render();
        REQUIRE(rendered.ok());
        CHECK(conversation->encode(*rendered, true).ok());
      };
    });
  }
}

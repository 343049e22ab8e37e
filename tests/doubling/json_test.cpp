// JSON wherever it enters: trees (profiles, variables, tools) and conversations.
#include <string>

#include "engine/template/chat_template.hpp"
#include "engine/template/messages_json.hpp"
#include "engine/text/json_tree.hpp"
#include "tests/doubling/chosen_keys.hpp"
#include "tests/doubling/steps.hpp"

namespace {

using namespace brim;
using test::check_doubling;

std::string list_of(std::size_t n, const std::string& item) {
  std::string json = "[";
  for (std::size_t i = 0; i < n; ++i) json += (i == 0 ? "" : ",") + item;
  return json + "]";
}

std::string object_of(const std::vector<std::string>& keys) {
  std::string json = "{";
  for (const std::string& key : keys) json += (json.size() == 1 ? "\"" : ",\"") + key + "\":1";
  return json + "}";
}

struct Input {
  const char* name;
  std::string (*make)(std::size_t n);
};

const Input kTrees[] = {
    {"numbers", [](std::size_t n) { return list_of(n, "1"); }},
    {"a number of many digits", [](std::size_t n) { return std::string(n, '1'); }},
    {"texts", [](std::size_t n) { return list_of(n, "\"a\""); }},
    {"one text", [](std::size_t n) { return '"' + std::string(n, 'a') + '"'; }},
    {"escapes",
     [](std::size_t n) {
       std::string text = "\"";
       for (std::size_t i = 0; i < n; ++i) text += "\\u20AC";
       return text + '"';
     }},
    {"members", [](std::size_t n) { return object_of(test::plain_keys(n)); }},
    {"members that were chosen", [](std::size_t n) { return object_of(test::chosen_keys(n)); }},
    {"one member again and again", [](std::size_t n) { return object_of(std::vector<std::string>(n, "a")); }},
    {"nested lists", [](std::size_t n) { return list_of(n, "[[[]]]"); }},
    {"nested objects", [](std::size_t n) { return list_of(n, "{\"a\":{\"b\":{}}}"); }},
    {"white space", [](std::size_t n) { return std::string(n, ' ') + "1"; }},
    {"brackets that are never closed", [](std::size_t n) { return std::string(n, '['); }},
    {"a fault at the end", [](std::size_t n) { return list_of(n, "1") + "]"; }},
};

const Input kMessages[] = {
    {"messages", [](std::size_t n) { return list_of(n, R"({"role":"user","content":"hi"})"); }},
    {"a long message", [](std::size_t n) { return R"([{"role":"user","content":")" + std::string(n, 'a') + "\"}]"; }},
    {"other members",
     [](std::size_t n) { return R"([{"role":"user","content":"a","x":)" + object_of(test::plain_keys(n)) + "}]"; }},
    {"other members, nested",
     [](std::size_t n) {
       return R"([{"role":"user","content":"a","x":)" + std::string(n, '[') + std::string(n, ']') + "}]";
     }},
    {"the same member again and again",
     [](std::size_t n) {
       std::string json = R"([{"role":"user")";
       for (std::size_t i = 0; i < n; ++i) json += R"(,"content":"a")";
       return json + "}]";
     }},
};

}  // namespace

TEST_CASE("JSON as a tree") {
  for (const Input& input : kTrees) {
    check_doubling(input.name, 5000, [&](std::size_t n) -> std::function<void()> {
      return [json = input.make(n)] { static_cast<void>(text::parse_json(json, templates::kVariableLimits)); };
    });
  }
}

TEST_CASE("JSON as the variables of a template") {
  const auto chat = templates::ChatTemplate::parse("{{ v|length }}{{ v|tojson|length }}");
  REQUIRE(chat.ok());
  for (const Input& input : kTrees) {
    const std::string name = input.name;
    if (name == "brackets that are never closed" || name == "a fault at the end" || name == "a number of many digits")
      continue;
    if (name == "white space") continue;  // a number has no length
    check_doubling(name, 3000, [&](std::size_t n) -> std::function<void()> {
      const auto variables = text::parse_json("{\"v\":" + input.make(n) + "}", templates::kVariableLimits);
      REQUIRE(variables.ok());
      return [&chat, tree = *variables] {
        const auto rendered = chat->render(tree, {});
        CHECK_MESSAGE(rendered.ok(), rendered.error().sentence);
      };
    });
  }
}

TEST_CASE("many variables for a template of many names") {
  check_doubling("variables", 2000, [](std::size_t n) -> std::function<void()> {
    std::string source;
    for (const std::string& key : test::plain_keys(n)) source += "{{ " + key + " }}";
    const auto variables = text::parse_json(object_of(test::plain_keys(n)), templates::kVariableLimits);
    REQUIRE(variables.ok());
    return [source, tree = *variables] {
      const auto chat = templates::ChatTemplate::parse(source);
      REQUIRE(chat.ok());
      CHECK(chat->render(tree, {}).ok());
    };
  });
}

TEST_CASE("JSON as a conversation") {
  for (const Input& input : kMessages) {
    check_doubling(input.name, 5000, [&](std::size_t n) -> std::function<void()> {
      return [json = input.make(n)] {
        const auto messages = templates::read_messages(json);
        CHECK_MESSAGE(messages.ok(), messages.error().sentence);
      };
    });
  }
}

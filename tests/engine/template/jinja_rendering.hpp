// What the tests of the template interpreter share: rendering with a fixed set of variables, and tables of
// expectations.
#pragma once

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <string_view>

#include "engine/template/chat_template.hpp"
#include "tests/engine/text/json_values.hpp"

namespace brim::test {

/// The variables of the tables below.
inline const Json& sample_variables() {
  static const Json variables = Json::parse(R"json({
    "s": "Hello, Wörld! 日本語 😀", "n": 7, "f": 2.5, "yes": true, "no": false, "z": null, "e": "", "ml": "a\n\n  b\nc",
    "l": [3, 1, 2], "words": ["apple", "Banana", "cherry"], "d": {"b": 1, "a": [1, {"c": null}], "items": "x"},
    "objs": [{"n": "x", "v": 2}, {"n": "Y", "v": 1}, {"n": "x", "v": 3}], "html": "<b>&\"'</b>",
    "nested": [[1, [2, 3]], [4]], "pairs": [[1, 2], [3, 4]], "uni": "ǅß İstanbul ΣΑΣ", "x": "outer",
    "tree": [{"n": "a", "c": [{"n": "b", "c": []}, {"n": "c", "c": [{"n": "d", "c": []}]}]}],
    "msgs": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}, {"role": "user", "content": "ok"}]
  })json");
  return variables;
}

/// The text, or "error: " followed by the sentence.
inline std::string render(std::string_view source, const Json& variables = sample_variables()) {
  const auto parsed = templates::ChatTemplate::parse(source);
  if (!parsed) return "error: " + parsed.error().sentence;
  templates::RenderOptions options;
  options.now = 1752148800;  // 2025-07-10 12:00:00
  const auto text = parsed->render(tree_of(variables), options);
  return text ? *text : "error: " + text.error().sentence;
}

struct Expectation {
  const char* source;
  const char* text;
};

/// Each source is a whole template.
inline void check_templates(std::initializer_list<Expectation> expectations) {
  for (const Expectation& expectation : expectations) {
    CAPTURE(expectation.source);
    CHECK(render(expectation.source) == expectation.text);
  }
}

/// Each source is an expression, printed.
inline void check_expressions(std::initializer_list<Expectation> expectations) {
  for (const Expectation& expectation : expectations) {
    CAPTURE(expectation.source);
    CHECK(render("{{ " + std::string(expectation.source) + " }}") == expectation.text);
  }
}

/// Each source fails with a sentence that contains the text.
inline void check_failures(std::initializer_list<Expectation> expectations) {
  for (const Expectation& expectation : expectations) {
    CAPTURE(expectation.source);
    const std::string found = render(expectation.source).substr(0, 400);
    CHECK(found.substr(0, 7) == "error: ");
    CAPTURE(found);
    CHECK(found.find(expectation.text) != std::string::npos);
  }
}

}  // namespace brim::test

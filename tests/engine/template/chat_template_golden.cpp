// Real chat templates, compared with the output of the original: ../shared/golden/chat (its README explains how the
// cases were recorded).
#include <doctest/doctest.h>

#include <fstream>
#include <string>

#include "engine/template/chat_template.hpp"
#include "tests/engine/text/json_values.hpp"
#include "tests/support/file_content.hpp"
#include "tests/support/shared_data.hpp"

namespace {

using brim::templates::ChatTemplate;
using brim::test::Json;

// The recorded output of Python's jinja2 for this case; one case also records another project's text.
const Json& expectation(const Json& recorded) {
  return recorded.contains("jinja2_agrees") && recorded["jinja2_agrees"] == false ? recorded["jinja2"] : recorded;
}

// The part of a recorded error that both implementations share: messages without the exception's name.
std::string message_of(const std::string& raises) {
  std::string text = raises.substr(raises.find(": ") + 2);
  for (const char* type : {"TypeError: ", "ValueError: "}) {
    if (text.starts_with(type)) text.erase(0, std::string(type).size());
  }
  return text;
}

}  // namespace

TEST_CASE("recorded renderings come out byte for byte, and refusals with their message") {
  const std::string cases = brim::test::shared_file("golden/chat/cases.jsonl");
  if (cases.empty()) return;
  const std::string folder = cases.substr(0, cases.rfind('/') + 1);
  std::ifstream lines(cases);
  int rendered = 0, refused = 0;
  for (std::string line; std::getline(lines, line);) {
    const Json recorded = Json::parse(line);
    const std::string name = recorded["name"];
    CAPTURE(name);
    const std::string source = recorded.contains("template")
                                   ? recorded["template"].get<std::string>()
                                   : brim::test::file_content(folder + recorded["template_file"].get<std::string>());
    const auto parsed = ChatTemplate::parse(source);
    REQUIRE_MESSAGE(parsed.ok(), parsed.error().sentence);
    brim::templates::RenderOptions options;
    options.now = 1752148800;  // 2025-07-10 12:00:00
    const auto result = parsed->render(brim::test::tree_of(recorded["context"]), options);
    const Json& wanted = expectation(recorded);
    if (wanted.contains("expected")) {
      REQUIRE_MESSAGE(result.ok(), result.error().sentence);
      CHECK(*result == wanted["expected"].get<std::string>());
      ++rendered;
    } else {
      REQUIRE_FALSE(result.ok());
      CHECK(result.error().sentence.find(message_of(wanted["raises"])) != std::string::npos);
      ++refused;
    }
  }
  CHECK(rendered > 600);
  CHECK(refused > 50);
}

// JSON as plain values: the values in the text are found, and everything else is refused.
#include "engine/text/json_tree.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>

using brim::text::JsonTree;
using brim::text::parse_json;

TEST_CASE("every kind of value, in order and by name") {
  const auto tree =
      parse_json(R"({"a": [1, -2, 2.5, "x\ny", true, null, []], "b": {"c": 18446744073709551615}, "a": 7})");
  REQUIRE(tree);
  REQUIRE(tree->is(JsonTree::Kind::object));
  CHECK(tree->names == std::vector<std::string>{"a", "b", "a"});
  const JsonTree& list = *tree->find("a");
  REQUIRE(list.items.size() == 7);
  CHECK(list.items[0].count == 1);
  CHECK(list.items[0].number == 1);
  CHECK(!list.items[1].count);
  CHECK(list.items[1].number == -2);
  CHECK(list.items[2].number == 2.5);
  CHECK(!list.items[2].count);
  CHECK(list.items[3].text == "x\ny");
  CHECK(list.items[4].flag);
  CHECK(list.items[5].is(JsonTree::Kind::null));
  CHECK(list.items[6].is(JsonTree::Kind::list));
  CHECK(list.find("a") == nullptr);
  CHECK(tree->find("b")->find("c")->count == 18446744073709551615u);
  CHECK(tree->find("d") == nullptr);
  CHECK(parse_json(" 3 ")->count == 3);
}

TEST_CASE("text that is not JSON, nests too deeply or holds too many values is refused in words") {
  for (const char* text : {"", "{", "[1,]", "{\"a\"}", "nul", "[1] 2", "\"\xFF\"", "'a'"}) {
    CHECK_MESSAGE(!parse_json(text), text);
  }
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(parse_json(nested(brim::text::kMaxJsonDepth)));
  CHECK(!parse_json(nested(brim::text::kMaxJsonDepth + 1)));
  CHECK(!parse_json(std::string(1000000, '[')));
  const auto many = [](std::size_t values) {  // the list is one too
    std::string text = "[0";
    for (std::size_t i = 2; i < values; ++i) text += ",0";
    return text + "]";
  };
  CHECK(parse_json(many(brim::text::kMaxJsonValues)));
  CHECK(!parse_json(many(brim::text::kMaxJsonValues + 1)));
}

TEST_CASE("refusals say why, and where") {
  CHECK(parse_json("[1, x]").error().sentence == "is not JSON: error at byte 5");
  CHECK(parse_json("[[[1]]]", {2, 100}).error().sentence == "nests more than 2 levels deep");
  CHECK(parse_json("[1, 2]", {2, 2}).error().sentence == "holds more than 2 values");
  CHECK(parse_json("[1, 2]", {1, 3}));
}

TEST_CASE("whole numbers keep their sign and all their digits") {
  CHECK(parse_json("-9223372036854775808")->negative == std::numeric_limits<std::int64_t>::min());
  CHECK(!parse_json("-9223372036854775808")->count);
  CHECK(!parse_json("7")->negative);
  CHECK(!parse_json("-2.0")->negative);
}

TEST_CASE("values in sentences") {
  CHECK(shown(*parse_json("\"kl\"")) == "'kl'");
  CHECK(shown(*parse_json("\"\\u001b[2J\"")).find('\x1b') == std::string::npos);
  CHECK(shown(*parse_json("3.5")) == "3.5");
  CHECK(shown(*parse_json("[1, 2]")) == "a list of 2");
  CHECK(shown(*parse_json("{}")) == "an object");
}

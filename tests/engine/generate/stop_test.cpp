// Stop strings: held back, cut, and the same however the text is split into pushes.
#include "engine/generate/stop.hpp"

#include <doctest/doctest.h>

#include "engine/generate/random.hpp"
#include "tests/support/allocation_count.hpp"

using brim::generate::StopMatcher;

namespace {

struct Outcome {
  std::string text;
  bool stopped = false;
  bool operator==(const Outcome&) const = default;
};

Outcome run(std::vector<std::string> stops, const std::vector<std::string>& pushes) {
  StopMatcher matcher(std::move(stops));
  Outcome outcome;
  for (const std::string& text : pushes) outcome.stopped = matcher.push(text, outcome.text);
  if (!outcome.stopped) matcher.flush(outcome.text);
  return outcome;
}

// The definition, byte by byte: the first prefix of `text` that ends in a stop string, cut before the longest such one.
Outcome expected(const std::vector<std::string>& stops, const std::string& text) {
  for (std::size_t end = 1; end <= text.size(); ++end) {
    const std::string prefix = text.substr(0, end);
    std::size_t longest = 0;
    for (const std::string& stop : stops) {
      if (!stop.empty() && prefix.ends_with(stop)) longest = std::max(longest, stop.size());
    }
    if (longest > 0) return {prefix.substr(0, end - longest), true};
  }
  return {text, false};
}

}  // namespace

TEST_CASE("a stop string ends the text before it, wherever the pushes are cut") {
  const std::vector<std::vector<std::string>> stop_sets = {
      {"STOP"}, {"abab"}, {"aab", "ab"}, {"abcd", "bc"}, {"</s>", "\n\n", "User:"}, {"ä€"}, {"a"}, {"", "xy"}, {}};
  const std::vector<std::string> texts = {
      "say STOP now",    "STO STOSTOP", "abaabab tail", "aaab", "xabcdy", "one\n\nUser: two</s>", "naïve ä ä€ end", "",
      "no end in sight", "abcabcabd"};
  for (const auto& stops : stop_sets) {
    for (const std::string& text : texts) {
      CAPTURE(text);
      const Outcome whole = expected(stops, text);
      CHECK(run(stops, {text}) == whole);
      for (std::size_t first = 0; first <= text.size(); ++first) {
        for (std::size_t second = first; second <= text.size(); ++second) {
          REQUIRE(run(stops, {text.substr(0, first), text.substr(first, second - first), text.substr(second)}) ==
                  whole);
        }
      }
      std::vector<std::string> bytes;
      for (const char byte : text) bytes.emplace_back(1, byte);
      CHECK(run(stops, bytes) == whole);
    }
  }
}

TEST_CASE("random texts over two letters agree with the definition") {
  brim::generate::Random random(7);
  for (int round = 0; round < 3000; ++round) {
    const auto letters = [&](std::size_t max) {
      std::string text(random.next() % (max + 1), 'a');
      for (char& letter : text) letter = static_cast<char>('a' + random.next() % 2);
      return text;
    };
    const std::vector<std::string> stops = {letters(6), letters(5), letters(4)};
    const std::string text = letters(24);
    const std::size_t cut = random.next() % (text.size() + 1);
    REQUIRE(run(stops, {text.substr(0, cut), text.substr(cut)}) == expected(stops, text));
  }
}

TEST_CASE("only what may become a stop string is held back") {
  StopMatcher matcher({"END", "DO"});
  std::string out;
  CHECK_FALSE(matcher.push("spend EN", out));
  CHECK(out == "spend ");
  CHECK_FALSE(matcher.push("d E", out));
  CHECK(out == "spend ENd ");
  CHECK(matcher.push("ND", out));
  CHECK(out == "spend ENd ");
}

TEST_CASE("nothing comes out after a stop, until reset") {
  StopMatcher matcher({"\n"});
  std::string out;
  CHECK(matcher.push("one\ntwo", out));
  CHECK(matcher.push("three", out));
  matcher.flush(out);
  CHECK(out == "one");
  matcher.reset();
  CHECK_FALSE(matcher.push("four", out));
  CHECK(out == "onefour");
}

TEST_CASE("a half-matched stop string is dropped by flush and reset") {
  StopMatcher matcher({"ab"});
  std::string out;
  CHECK_FALSE(matcher.push("a", out));
  matcher.flush(out);
  CHECK(out == "a");
  CHECK_FALSE(matcher.push("b", out));
  CHECK(out == "ab");
  CHECK_FALSE(matcher.push("a", out));
  matcher.reset();
  CHECK_FALSE(matcher.push("b", out));
  CHECK(out == "abb");
}

TEST_CASE("long stop strings of one letter take linear time and pushes of tokens no memory") {
  StopMatcher matcher({std::string(100000, 'a') + "b"});
  std::string out, text(300000, 'a');
  out.reserve(400000);
  CHECK_FALSE(matcher.push(text, out));
  CHECK(out.size() == 200000);
  const std::size_t before = brim::test::allocation_count();
  for (int token = 0; token < 1000; ++token) matcher.push("aaaa", out);
  CHECK(brim::test::allocation_count() == before);
  CHECK(matcher.push("b", out));
  CHECK(out.size() == 204000);
}

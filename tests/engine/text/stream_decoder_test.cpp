#include "engine/text/stream_decoder.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace {

using brim::text::StreamDecoder;

std::string streamed(const std::vector<std::string>& parts) {
  StreamDecoder decoder;
  std::string out;
  for (const std::string& part : parts) decoder.push(part, out);
  decoder.flush(out);
  return out;
}

TEST_CASE("every way of cutting a text in three gives the text") {
  const std::string text = "aé日😀\u0301z";
  for (std::size_t i = 0; i <= text.size(); ++i) {
    for (std::size_t j = i; j <= text.size(); ++j)
      CHECK(streamed({text.substr(0, i), text.substr(i, j - i), text.substr(j)}) == text);
  }
}

TEST_CASE("a character comes out with its last byte and not before") {
  StreamDecoder decoder;
  std::string out;
  for (const char* byte : {"\xF0", "\x9F", "\x98"}) {
    decoder.push(byte, out);
    CHECK(out.empty());
  }
  decoder.push("\x80", out);
  CHECK(out == "😀");
}

TEST_CASE("what can never become a character is replaced at once, and the rest goes on") {
  StreamDecoder decoder;
  std::string out;
  decoder.push("\xFFok", out);
  CHECK(out == "\uFFFDok");
  CHECK(streamed({"\xE2\x82", "z"}) == "\uFFFDz");
  CHECK(streamed({"\xED\xA0\x80"}) == "\uFFFD\uFFFD\uFFFD");
  CHECK(streamed({"\xC0\xAF"}) == "\uFFFD\uFFFD");
  CHECK(streamed({"a\xF0\x9F"}) == "a\uFFFD");
  CHECK(streamed({""}).empty());
}

TEST_CASE("reset drops what was held back") {
  StreamDecoder decoder;
  std::string out;
  decoder.push("\xE2\x82", out);
  decoder.reset();
  decoder.push("a", out);
  decoder.flush(out);
  CHECK(out == "a");
}

}  // namespace

// What may reach a terminal, and how pasted text is changed: apps/terminal/printable and apps/chat/bracketed_paste.
#include "apps/terminal/printable.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "apps/chat/bracketed_paste.hpp"

using namespace brim::apps;

namespace {

const std::string kGone = "\xef\xbf\xbd";  // U+FFFD

std::string in_pieces(const std::string& text, std::size_t size) {
  PrintablePieces pieces;
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += size) out += pieces.add(text.substr(at, size));
  return out + pieces.finish();
}

}  // namespace

TEST_CASE("control characters cannot command a terminal") {
  CHECK(printable("plain\ttext\n") == "plain\ttext\n");
  CHECK(printable("\x1b[2J") == kGone + "[2J");
  CHECK(printable("a\rb\x7f\x08") == "a" + kGone + "b" + kGone + kGone);
  CHECK(printable(std::string("\0x", 2)) == kGone + "x");
  for (int code = 0x80; code <= 0x9f; ++code) {
    const std::string character = {'\xc2', static_cast<char>(code)};
    CHECK(printable(character) == kGone);
    CHECK(printable(std::string(1, static_cast<char>(code))) == kGone);  // how a terminal in 8-bit mode interprets it
  }
  CHECK(printable("für 日本語 \U0001f600 \u00a0\u200f") == "für 日本語 \U0001f600 \u00a0\u200f");
}

TEST_CASE("bytes that are not UTF-8 come out as U+FFFD") {
  CHECK(printable("a\xff\xfeg") == "a" + kGone + kGone + "g");
  CHECK(printable("\xc0\x9b") == kGone + kGone);  // an overlong form of ESC
  CHECK(printable("\xe2\x82") == kGone);          // cut off
  CHECK(printable("\xed\xa0\x80").find('\xed') == std::string::npos);
}

TEST_CASE("a line cannot be ended or reordered by what it quotes") {
  for (const char* text : {"\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069",
                           "\u061c", "\u200e", "\u200f", "\u2028", "\u2029", "\ufeff", "\n"}) {
    CHECK(printable_line(std::string("a") + text + "b") == "a" + kGone + "b");
    CHECK(printable(text) == text);  // texts in other scripts, or of several lines, need it
  }
  CHECK(printable_line("a\r\nb\tc") == "a" + kGone + kGone + "b\tc");
  CHECK(printable_line("\x1b]0;x\x07") == kGone + "]0;x" + kGone);
  CHECK(printable_line("für 日本語 עברית") == "für 日本語 עברית");
}

TEST_CASE("JSON escapes what JSON need not escape") {
  CHECK(printable_json("{\"a\": \"\x7f\xc2\x80\xc2\x9b\u202e\"}\n") == "{\"a\": \"\\u007f\\u0080\\u009b\\u202e\"}\n");
  CHECK(printable_json("\"\u200f\u2028\ufeff\u061c\"") == "\"\\u200f\\u2028\\ufeff\\u061c\"");
  CHECK(printable_json("[\n\t\"für\"]") == "[\n\t\"für\"]");
}

TEST_CASE("pieces may end inside a character") {
  const std::string text = "für 日本語 \U0001f600\u009b2J \x1b[2J";
  for (std::size_t size = 1; size <= 6; ++size) CHECK(in_pieces(text, size) == printable(text));
  PrintablePieces pieces;
  CHECK(pieces.add("a\xe6\x97") == "a");
  CHECK(pieces.add("\xa5") == "日");
  CHECK(pieces.add("\xf0\x9f") == "");
  CHECK(pieces.finish() == kGone);
  CHECK(pieces.finish() == "");
  CHECK(pieces.add("\x80\x9b") == kGone + kGone);  // never the continuation of a missing character
}

TEST_CASE("pasted line ends become newlines and nothing else changes") {
  CHECK(pasted_text(L"a\rb\r\nc\nd") == L"a\nb\nc\nd");
  CHECK(pasted_text(L"\ta\t\t日 ") == L"\ta\t\t日 ");
  CHECK(pasted_text(std::wstring(L"a\0b", 3)) == L"ab");
  CHECK(pasted_text(L"\r\r\n") == L"\n\n");
}

#include "engine/base/quote.hpp"

#include <doctest/doctest.h>

#include <iomanip>
#include <string>

using namespace brim;

TEST_CASE("plain text stands in quotes as it is") {
  CHECK(quoted("") == "''");
  CHECK(quoted("blk.0.attn_q.weight") == "'blk.0.attn_q.weight'");
  CHECK(quoted("grün 语言 🙂") == "'grün 语言 🙂'");
}

TEST_CASE("what would disturb a line or a terminal is escaped") {
  CHECK(quoted("a\nb\tc\rd") == "'a\\nb\\tc\\rd'");
  CHECK(quoted("\x1b[31mred\x7f") == "'\\x1b[31mred\\x7f'");
  CHECK(quoted(std::string_view("\0", 1)) == "'\\x00'");
  CHECK(quoted("it's \\") == "'it\\'s \\\\'");
  CHECK(quoted("\u202egnp.exe") == "'\\u202egnp.exe'");
  CHECK(quoted("\u0085\u2028\ufeff") == "'\\u0085\\u2028\\ufeff'");
}

TEST_CASE("marks that are not shown, or that change the direction, are escaped, of every plane") {
  CHECK(quoted("a\u061cb\u200eb\u2066c\u2060d\ufff9") == "'a\\u061cb\\u200eb\\u2066c\\u2060d\\ufff9'");
  CHECK(quoted("a\U000e0041") == "'a\\U000e0041'");
}

TEST_CASE("a whole sentence becomes one line, and what can be shown stays") {
  CHECK(one_line("").empty());
  CHECK(one_line("'/grün/it's \\' has 3") == "'/grün/it's \\' has 3");
  CHECK(one_line("/a\nb: \x1b[2J \xff \u202e\u0085") == "/a\\nb: \\x1b[2J \\xff \\u202e\\u0085");
  CHECK(one_line("\x1b") == "\\x1b");
  CHECK(one_line(one_line("a\x1b'\\")) == one_line("a\x1b'\\"));
  CHECK(one_line(std::string(100000, '\n')).size() == 200000);
}

TEST_CASE("std::quoted does not take its place") { CHECK(quoted(std::string("a\"\n")) == "'a\"\\n'"); }

TEST_CASE("bytes that are not UTF-8 are shown as bytes") {
  CHECK(quoted("\xff\xfe") == "'\\xff\\xfe'");
  CHECK(quoted("\xc0\xaf") == "'\\xc0\\xaf'");                    // overlong
  CHECK(quoted("\xe0\x80\xaf") == "'\\xe0\\x80\\xaf'");           // overlong
  CHECK(quoted("\xed\xa0\x80") == "'\\xed\\xa0\\x80'");           // a surrogate
  CHECK(quoted("\xf4\x90\x80\x80") == "'\\xf4\\x90\\x80\\x80'");  // beyond U+10FFFF
  CHECK(quoted("\xe8\xaf") == "'\\xe8\\xaf'");                    // cut off
}

TEST_CASE("long text is cut between characters, and its length said") {
  CHECK(quoted("abcdef", 3) == "'abc…' (6 bytes)");
  CHECK(quoted("ab语", 3) == "'ab…' (5 bytes)");
  CHECK(quoted(std::string(5000, 'x')).size() < 120);
}

#include "engine/text/unicode.hpp"

#include <doctest/doctest.h>

namespace {

using namespace brim::text;

TEST_CASE("classes of characters") {
  CHECK(character_class('a') == CharacterClass::letter);
  CHECK(character_class(0x4E2D) == CharacterClass::letter);
  CHECK(character_class(0xBD) == CharacterClass::number);  // ½
  CHECK(character_class(0x0301) == CharacterClass::mark);
  CHECK(character_class('~') == CharacterClass::symbol);
  CHECK(character_class('_') == CharacterClass::punctuation);
  CHECK(character_class(0x1F600) == CharacterClass::symbol);
  for (const std::uint32_t space : {0x09u, 0x0Bu, 0x20u, 0x85u, 0xA0u, 0x2028u, 0x3000u})
    CHECK(character_class(space) == CharacterClass::whitespace);
  for (const std::uint32_t none : {0x00u, 0x1Fu, 0x180Eu, 0x200Bu, 0xD800u, 0x378u, 0x110000u, 0xFFFFFFFFu}) {
    CAPTURE(none);
    CHECK(character_class(none) == CharacterClass::other);
  }
}

TEST_CASE("characters of Unicode 15 are known whatever the library is") {
  CHECK(character_class(0x11F04) == CharacterClass::letter);  // Kawi
  CHECK(character_class(0x11F50) == CharacterClass::number);
  CHECK(character_class(0x11F43) == CharacterClass::punctuation);
  CHECK(character_class(0x1FAE8) == CharacterClass::symbol);
  CHECK(character_class(0x0CF3) == CharacterClass::mark);
  CHECK(character_class(0x2EBF0) == CharacterClass::letter);
  CHECK(is_recent_character(0x323AF));
  CHECK_FALSE(is_recent_character(0x323B0));
  CHECK_FALSE(is_recent_character('a'));
}

TEST_CASE("lenient reading takes overlong forms and surrogates, and one bad byte at a time") {
  const auto at = [](const char* text, std::size_t offset = 0) { return decode_lenient(text, offset); };
  CHECK(at("\xC0\xAF").code_point == '/');
  CHECK(at("\xC0\xAF").length == 2);
  CHECK(at("\xED\xA0\x80").code_point == 0xD800);
  CHECK(at("\xF0\x9F\x98\x80").code_point == 0x1F600);
  for (const char* bad : {"\x80", "\xFF", "\xF8\x88\x80\x80\x80", "\xE2\x82",
                          "\xE2\x82"
                          "a",
                          "\xF4\x90\x80\x80", "\xC3"}) {
    CAPTURE(bad);
    CHECK_FALSE(at(bad).valid);
    CHECK(at(bad).length == 1);
    CHECK(at(bad).code_point == kReplacementCharacter);
  }
}

TEST_CASE("writing and reading agree for every code point") {
  for (std::uint32_t c = 0; c <= 0x10FFFF; c += c < 0x3000 ? 1 : 61) {
    std::string text;
    append_utf8(c, text);
    const Decoded back = decode_lenient(text, 0);
    REQUIRE(back.valid);
    REQUIRE(back.code_point == c);
    REQUIRE(back.length == text.size());
    const bool surrogate = c >= 0xD800 && c <= 0xDFFF;
    REQUIRE((read_utf8(text, 0).kind == Utf8Unit::Kind::character) == !surrogate);
  }
}

TEST_CASE("strict reading tells wrong from unfinished") {
  using Kind = Utf8Unit::Kind;
  CHECK(read_utf8("\xE2\x82", 0).kind == Kind::incomplete);
  CHECK(read_utf8("\xE2\x82", 0).length == 2);
  CHECK(read_utf8("\xE2\x82z", 0).kind == Kind::wrong);
  CHECK(read_utf8("\xE2\x82z", 0).length == 2);
  CHECK(read_utf8("\xC0\xAF", 0).kind == Kind::wrong);
  CHECK(read_utf8("\xE0\x80\x80", 0).length == 1);
  CHECK(read_utf8("\xED\xA0", 0).kind == Kind::wrong);
  CHECK(read_utf8("\xF5", 0).kind == Kind::wrong);
}

}  // namespace

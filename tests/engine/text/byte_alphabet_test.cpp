#include "engine/text/byte_alphabet.hpp"

#include <doctest/doctest.h>

#include <set>

namespace {

using namespace brim::text;

TEST_CASE("each byte has its own character and comes back from it") {
  std::set<std::uint32_t> characters;
  for (int byte = 0; byte < 256; ++byte) {
    const std::uint32_t c = byte_to_character(static_cast<unsigned char>(byte));
    characters.insert(c);
    REQUIRE(character_to_byte(c).has_value());
    CHECK(*character_to_byte(c) == byte);
  }
  CHECK(characters.size() == 256);
}

TEST_CASE("the characters every byte-level vocabulary shows") {
  CHECK(byte_to_character('A') == 'A');
  CHECK(byte_to_character(' ') == 0x120);   // Ġ
  CHECK(byte_to_character('\n') == 0x10A);  // Ċ
  CHECK(byte_to_character(0x7F) == 0x121);
  CHECK(byte_to_character(0xAD) == 0x143);
  CHECK_FALSE(character_to_byte(' ').has_value());
  CHECK_FALSE(character_to_byte(0x144).has_value());
}

TEST_CASE("token texts") {
  CHECK(bytes_of_text("Ġthe") == std::string(" the"));
  CHECK_FALSE(bytes_of_text("<｜end｜>").has_value());
  CHECK_FALSE(bytes_of_text("\xFF").has_value());
  CHECK(bytes_of_mixed_text("<｜Ġ") == "<｜ ");
}

}  // namespace

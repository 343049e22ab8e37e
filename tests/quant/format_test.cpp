#include "quant/format.hpp"

#include <doctest/doctest.h>

#include <cctype>
#include <set>
#include <string>

using namespace brim::quant;

TEST_CASE("a format is found by its number and by its name, whatever the case of the letters") {
  std::set<std::uint32_t> numbers;
  for (int i = 0; i < kFormatCount; ++i) {
    const auto format = static_cast<Format>(i);
    const FormatInfo& facts = info(format);
    CAPTURE(facts.name);
    CHECK(numbers.insert(facts.gguf_id).second);
    CHECK(format_from_gguf(facts.gguf_id) == format);
    CHECK(gguf_type_name(facts.gguf_id) == facts.name);
    std::string lower(facts.name);
    for (char& letter : lower) letter = static_cast<char>(std::tolower(letter));
    CHECK(format_from_name(facts.name) == format);
    CHECK(format_from_name(lower) == format);
    CHECK(256 % facts.block_length == 0);
    CHECK(row_bytes(format, 512) == static_cast<std::size_t>(512 / facts.block_length * facts.block_bytes));
  }
  CHECK_FALSE(format_from_name("Q4_KM"));
  CHECK_FALSE(format_from_name("Q4"));
  CHECK_FALSE(format_from_name(""));
  CHECK(info(Format::q4_k).gguf_id == 12);
  CHECK(info(Format::bf16).gguf_id == 30);
}

TEST_CASE("every type number GGUF has given out has a name, and no other has") {
  for (std::uint32_t id = 0; id <= 42; ++id) {
    CAPTURE(id);
    CHECK_FALSE(gguf_type_name(id).empty());
  }
  std::set<std::string_view> names;
  for (std::uint32_t id = 0; id <= 42; ++id) CHECK(names.insert(gguf_type_name(id)).second);
  CHECK(gguf_type_name(16) == "IQ2_XXS");
  CHECK(gguf_type_name(39) == "MXFP4");
  CHECK(gguf_type_name(40) == "NVFP4");
  for (const std::uint32_t removed : {4u, 5u, 31u, 32u, 33u, 36u, 37u, 38u}) {
    CHECK(gguf_type_name(removed).find("removed") != std::string_view::npos);
    CHECK_FALSE(format_from_gguf(removed));
  }
  // A fork's: named, so that a file with them is refused with more than a number.
  CHECK(gguf_type_name(142) == "PQ2_0");
  CHECK(gguf_type_name(143) == "PTQ1_0");
  CHECK_FALSE(format_from_gguf(142));
  CHECK_FALSE(format_from_gguf(143));
  CHECK(gguf_type_name(43).empty());
  CHECK(gguf_type_name(141).empty());
  CHECK(gguf_type_name(144).empty());
  CHECK(gguf_type_name(0xFFFFFFFFu).empty());
}

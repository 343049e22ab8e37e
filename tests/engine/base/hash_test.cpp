#include "engine/base/hash.hpp"

#include <doctest/doctest.h>

#include <span>
#include <string>

TEST_CASE("FNV-1a, by the values its authors publish") {
  const auto of = [](std::string_view text) {
    brim::Hash hash;
    hash.add(text.data(), text.size());
    return hash.value();
  };
  CHECK(of("") == 0xcbf29ce484222325u);
  CHECK(of("a") == 0xaf63dc4c8601ec8cu);
  CHECK(of("foobar") == 0x85944171f73967e8u);
}

TEST_CASE("two texts are not the same as one") {
  brim::Hash two, one;
  two.text("ab");
  two.text("c");
  one.text("a");
  one.text("bc");
  CHECK(two.value() != one.value());
}

TEST_CASE("a checksum sees every changed bit and every swap of words, and does not mind where it is cut") {
  std::string text = "eight bytes eachand thenthe rest";
  const auto of = [](const std::string& bytes, std::size_t cut) {
    brim::Checksum sum;
    sum.add(std::as_bytes(std::span(bytes).first(cut)));
    sum.add(std::as_bytes(std::span(bytes).subspan(cut)));
    return sum.value();
  };
  const std::uint64_t whole = of(text, 0);
  CHECK(of(text, 16) == whole);
  for (std::size_t bit = 0; bit < 8 * text.size(); ++bit) {
    std::string changed = text;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    CHECK(of(changed, 0) != whole);
    // The highest bits of two words do not cancel each other.
    changed[(bit / 8 + 8) % text.size()] = static_cast<char>(changed[(bit / 8 + 8) % text.size()] ^ (1 << bit % 8));
    CHECK(of(changed, 0) != whole);
  }
  CHECK(of("tes eacheight byand thenthe rest", 0) != whole);
}

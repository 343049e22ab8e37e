#include "engine/base/hash.hpp"

#include <doctest/doctest.h>

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

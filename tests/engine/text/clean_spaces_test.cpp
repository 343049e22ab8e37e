#include "engine/text/clean_spaces.hpp"

#include <doctest/doctest.h>

namespace {

using brim::text::clean_spaces;

TEST_CASE("the space before marks and some contractions goes") {
  CHECK(clean_spaces("Hello , world ! Yes ? No .") == "Hello, world! Yes? No.");
  CHECK(clean_spaces("'s 't 're 've 'm 'll 'd") == "'s 't're've'm 'll 'd");
  CHECK(clean_spaces("he 's and I 'm") == "he's and I'm");
  CHECK(clean_spaces("a  . b") == "a . b");
}

TEST_CASE("a lone apostrophe loses both spaces") {
  CHECK(clean_spaces("a ' b") == "a'b");
  CHECK(clean_spaces("a ' ' b") == "a'' b");
}

TEST_CASE("edges") {
  CHECK(clean_spaces("").empty());
  CHECK(clean_spaces(" ") == " ");
  CHECK(clean_spaces(" .") == ".");
  CHECK(clean_spaces(" '") == " '");
  CHECK(clean_spaces("x 'r") == "x 'r");
  CHECK(clean_spaces("...  '") == "...  '");
}

}  // namespace

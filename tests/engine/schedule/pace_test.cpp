// How much of a prompt goes along with a pass, from times that the test makes up.
#include "engine/schedule/pace.hpp"

#include <doctest/doctest.h>

using brim::schedule::Pace;

TEST_CASE("a prompt alone is not bounded, and a first piece beside others is one block") {
  const Pace pace(0.25);
  CHECK(pace.tokens(false) >= 512);
  CHECK(pace.tokens(true) == 32);
}

TEST_CASE("pieces are as large as the time between others' tokens allows") {
  Pace pace(0.25);
  pace.note(true, 0, 0.02);
  CHECK(pace.bound() == 0.25);
  pace.note(true, 32, 0.084);      // 2 ms a token
  CHECK(pace.tokens(true) == 96);  // 230 ms hold 115
  pace.note(true, 96, 0.4);
  CHECK(pace.tokens(true) == 0);  // that was too long: one pass without a prompt
  CHECK(pace.tokens(false) >= 512);
  pace.note(true, 0, 0.02);
  CHECK(pace.tokens(true) == 64);  // 2.49 ms a token: 92
}

TEST_CASE("where a pass alone takes long, the bound is three times that, and a piece is never less than a block") {
  Pace pace(0.25);
  pace.note(true, 0, 0.5);
  CHECK(pace.bound() == 1.5);
  pace.note(true, 32, 2.5);
  CHECK(pace.tokens(true) == 0);
  pace.note(true, 0, 0.5);
  CHECK(pace.tokens(true) == 32);
}

TEST_CASE("what a prompt takes alone is known when others begin to generate") {
  Pace pace(0.25);
  pace.note(false, 512, 1.0);
  CHECK(pace.tokens(true) == 128);
}

TEST_CASE("a clock that goes back, and times of nothing, do no harm") {
  Pace pace(0.25);
  pace.note(true, 0, -5);
  pace.note(true, 32, -5);
  CHECK(pace.tokens(true) == 32);
  pace.note(true, 32, 0);
  CHECK(pace.tokens(true) == 32);
}

// The draft length: speculation must be accurate before it costs anything, grows where it pays and stops where it does
// not.
#include "engine/run/draft_length.hpp"

#include <doctest/doctest.h>

using brim::run::DraftLength;

namespace {

/// Passes of one token that take 1 s; the second token adds `second`, each further one `further`.
void learn_cost(DraftLength& length, double second, double further) {
  for (int i = 0; i < 100; ++i) {
    length.note_pass(1, 1.0);
    length.note_pass(2, 1 + second);
    length.note_pass(5, 1 + second + 3 * further);
  }
}

}  // namespace

TEST_CASE("nothing is tried before drafts were seen to be right") {
  DraftLength length;
  CHECK(length.choose(4, 15) == 0);
  for (int i = 0; i < 20; ++i) length.note_draft(4, true);
  CHECK(length.choose(4, 15) >= 1);
  CHECK(length.choose(2, 15) == 0);
  CHECK(length.choose(4, 0) == 0);
}

TEST_CASE("right drafts make it longer, wrong ones shorter, down to none") {
  DraftLength length;
  learn_cost(length, 0.1, 0.1);
  int before = 0;
  for (int i = 0; i < 40; ++i) {
    for (const int match : {4, 6, 10}) length.note_draft(match, true);
    const int now = length.choose(4, 15);
    CHECK(now >= before);
    before = now;
  }
  CHECK(before == 15);
  for (int i = 0; i < 40; ++i) {
    length.note_draft(4, false);
    const int now = length.choose(4, 15);
    CHECK(now <= before);
    before = now;
  }
  CHECK(before == 0);
}

TEST_CASE("the more expensive a token in a pass, the fewer are tried; at full price none") {
  int before = 16;
  for (const double cost : {0.02, 0.2, 0.5, 0.8, 1.0}) {
    DraftLength length;
    learn_cost(length, cost, cost);
    CHECK(length.cost(0) == 1);
    CHECK(length.cost(1) == doctest::Approx(1 + cost).epsilon(0.01));
    CHECK(length.cost(9) == doctest::Approx(1 + 9 * cost).epsilon(0.01));
    for (int i = 0; i < 10; ++i) {
      for (const int match : {4, 6, 10}) length.note_draft(match, i % 4 != 0);
    }
    const int now = length.choose(4, 15);
    CHECK(now <= before);
    before = now;
  }
  CHECK(before == 0);
}

TEST_CASE("where only the second token is nearly free, one is drafted on little hope and many only on much") {
  DraftLength length;
  learn_cost(length, 0.05, 0.3);
  for (int i = 0; i < 40; ++i) {
    length.note_draft(2, i % 3 == 0);
    length.note_draft(3, i % 3 == 0);
  }
  CHECK(length.choose(2, 15) == 1);
  for (int i = 0; i < 40; ++i) {
    for (const int match : {2, 3, 5, 8, 12}) length.note_draft(match, true);
  }
  CHECK(length.choose(2, 15) == 15);
}

TEST_CASE("now and then a token is read alone, so that the price is still known when the text has grown") {
  DraftLength length;
  learn_cost(length, 0.1, 0.1);
  for (int i = 0; i < 40; ++i) length.note_draft(12, true);
  int passes = 0;
  while (length.choose(12, 15) > 0 && passes < 1000) {
    length.note_pass(16, 2.5);
    ++passes;
  }
  CHECK(passes < 1000);
  CHECK(passes >= 90);
  length.note_pass(1, 1.0);
  CHECK(length.choose(12, 15) == 15);
}

TEST_CASE("one interrupted pass does not make speculation look free, and a cost that forbids it is measured again") {
  DraftLength length;
  learn_cost(length, 0.3, 0.3);
  length.note_pass(1, 1000.0);
  length.note_pass(2, 1.3);
  length.note_pass(5, 2.2);
  CHECK(length.cost(1) > 1.2);
  CHECK(length.cost(4) > 1.8);

  DraftLength expensive;
  learn_cost(expensive, 1.0, 1.0);
  for (int i = 0; i < 60; ++i) expensive.note_draft(10, true);
  int tries = 0;
  while (expensive.choose(10, 15) == 0 && tries < 1000) ++tries;
  CHECK(tries > 0);
  CHECK(tries < 100);
}

TEST_CASE("beside tokens of other texts fewer drafts pay, and none beside many") {
  int before = 16;
  for (const int others : {0, 1, 3, 7, 15}) {
    CAPTURE(others);
    DraftLength length;
    learn_cost(length, 0.2, 0.2);
    for (int i = 0; i < 16; ++i) {
      for (const int match : {4, 6, 10}) length.note_draft(match, i % 8 != 0);
    }
    const int now = length.choose(4, 15, others);
    CHECK(now <= before);
    before = now;
    if (others == 0) CHECK(now > 3);
  }
  CHECK(before == 0);
}

TEST_CASE("passes with other texts do not use up the passes after which a token is read alone") {
  DraftLength length;
  learn_cost(length, 0.05, 0.05);
  for (int i = 0; i < 40; ++i) length.note_draft(12, true);
  for (int pass = 0; pass < 1000; ++pass) CHECK(length.choose(12, 4, 2) == 4);
  CHECK(length.choose(12, 15) == 15);
}

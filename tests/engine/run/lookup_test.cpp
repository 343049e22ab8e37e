// The lookup: the newest earlier occurrence of the text's end, and the tokens that followed it.
#include "engine/run/lookup.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "tests/support/allocation_count.hpp"
#include "tests/support/random.hpp"

using brim::TokenId;
using brim::run::Lookup;
using brim::run::Match;
using brim::run::TextSoFar;

namespace {

struct Book {
  explicit Book(std::int64_t context = 1000)
      : memory(static_cast<std::size_t>(Lookup::bytes(context))), lookup(memory, context) {}

  Match find(const std::vector<TokenId>& text, TokenId next, std::int64_t first = 0) {
    lookup.extend({text, first});
    return lookup.find({text, first}, next);
  }
  std::vector<TokenId> follow(const std::vector<TokenId>& text, TokenId next, std::size_t count,
                              std::int64_t first = 0) {
    std::vector<TokenId> drafts(count, -1);
    const Match match = find(text, next, first);
    if (match.length == 0) return {};
    Lookup::follow(match, {text, first}, next, drafts);
    return drafts;
  }

  std::vector<std::byte> memory;
  Lookup lookup;
};

/// The newest place before the end at which the last 4, else 3, else 2 tokens occurred before.
Match search(const std::vector<TokenId>& text, TokenId next) {
  std::vector<TokenId> all = text;
  all.push_back(next);
  const auto agreement = [&](std::size_t place) {
    int agree = 0;
    while (agree < Lookup::kLongestMatch && static_cast<std::size_t>(agree) < place &&
           all[place - 1 - static_cast<std::size_t>(agree)] == all[all.size() - 1 - static_cast<std::size_t>(agree)]) {
      ++agree;
    }
    return agree;
  };
  for (int run = Lookup::kLongestRun; run >= Lookup::kShortestRun; --run) {
    for (std::size_t place = all.size() - 1; place > 0; --place) {
      if (const int agree = agreement(place); agree >= run) return {static_cast<std::int64_t>(place), agree};
    }
  }
  return {};
}

}  // namespace

TEST_CASE("the longest of 4, 3, 2 tokens decides, then the newest occurrence") {
  Book book;
  CHECK(book.find({}, 1).length == 0);
  CHECK(book.find({1}, 1).length == 0);
  book.lookup.restart();
  CHECK(book.find({5, 6, 7, 5}, 6).place == 2);
  CHECK(book.find({5, 6, 7, 5}, 6).length == 2);
  CHECK(book.find({5, 6, 7, 5}, 7).length == 0);
  book.lookup.restart();
  // the text ends with "9 5 6": "5 6" is newest at 9, but "9 5 6" occurred before place 3.
  CHECK(book.find({9, 5, 6, 1, 2, 8, 5, 6, 3, 9, 5}, 6).place == 3);
  CHECK(book.follow({9, 5, 6, 1, 2, 8, 5, 6, 3, 9, 5}, 6, 2) == std::vector<TokenId>{1, 2});
}

TEST_CASE("drafts go on into themselves where the text ends") {
  Book book;
  CHECK(book.follow({1, 2, 3, 1, 2}, 3, 7) == std::vector<TokenId>{1, 2, 3, 1, 2, 3, 1});
  book.lookup.restart();
  CHECK(book.follow({4, 4}, 4, 5) == std::vector<TokenId>{4, 4, 4, 4, 4});
}

TEST_CASE("as a search through the whole text finds it, while the text grows, is cut, and loses its beginning") {
  brim::test::Random random(7);
  Book book(1 << 17);
  std::vector<TokenId> text;
  int found = 0, lost = 0;
  for (int step = 0; step < 2500; ++step) {
    const TokenId next = static_cast<TokenId>(random.bits() % 11);
    const Match expected = search(text, next);
    const Match match = book.find(text, next);
    // A run whose slot was taken by another run is lost; with so many slots that is rare.
    lost += match.place != expected.place || match.length != expected.length;
    found += match.length > 0;
    text.push_back(next);
    if (step == 1200) {
      text.resize(700);
      book.lookup.restart();
    }
  }
  CHECK(found > 2000);
  CHECK(lost < 25);

  // The oldest tokens are dropped: places are still counted from the beginning of the whole text.
  std::vector<TokenId> rest(text.begin() + 900, text.end());
  for (int step = 0; step < 300; ++step) {
    const TokenId next = static_cast<TokenId>(random.bits() % 11);
    const Match match = book.find(rest, next, 900);
    if (match.length > 0) {
      CHECK(match.place >= 900 + match.length);
      for (int back = 0; back < match.length; ++back) {
        const TokenId ending = back == 0 ? next : rest[rest.size() - static_cast<std::size_t>(back)];
        CHECK(rest[static_cast<std::size_t>(match.place - 900 - 1 - back)] == ending);
      }
    }
    rest.push_back(next);
  }
}

TEST_CASE("a text of many times the slots is found where it is new; nothing is allocated, however long it gets") {
  Book book(64);
  brim::test::Random random(3);
  std::vector<TokenId> text;
  text.reserve(20000);
  const std::size_t before = brim::test::allocation_count();
  int found = 0;
  for (int step = 0; step < 20000; ++step) {
    // Every 40 tokens the last 8 are repeated.
    const TokenId next =
        step > 40 && step % 40 < 8 ? text[text.size() - 8] : static_cast<TokenId>(random.bits() % 30000);
    if (const Match match = book.find(text, next); match.length > 0) {
      TokenId draft = 0;
      Lookup::follow(match, {text, 0}, next, {&draft, 1});
      ++found;
    }
    text.push_back(next);
  }
  CHECK(brim::test::allocation_count() == before);
  CHECK(found > 2000);
  CHECK(Lookup::bytes(std::int64_t{1} << 31) <= 3 << 20);
}

TEST_CASE("places beyond 2 to the 32nd are found again") {
  Book book;
  const std::int64_t first = (std::int64_t{1} << 32) - 3;
  CHECK(book.follow({5, 6, 7, 8, 9, 5}, 6, 2, first) == std::vector<TokenId>{7, 8});
}

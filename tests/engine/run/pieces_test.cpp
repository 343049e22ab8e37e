// How a call's tokens are cut into the chunks of passes: every token once and in order, blocks whole, the same again when
// the text is processed again.
#include "engine/run/pieces.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "engine/run/prompt_cuts.hpp"
#include "tests/support/random.hpp"

namespace pieces_test {

using namespace brim;
using kernels::RowRole;
using run::Pieces;

struct Cut {
  std::vector<TokenId> ids;
  std::vector<RowRole> roles;
  std::vector<std::int64_t> ends;   // tokens behind which a piece ended
  std::vector<std::int64_t> marks;  // those that said that they end at a mark
};

Cut cut(Pieces pieces, std::int64_t chunk) {
  Cut all;
  while (!pieces.done()) {
    const Pieces::Piece piece = pieces.next();
    REQUIRE(!piece.ids.empty());
    REQUIRE(static_cast<std::int64_t>(piece.ids.size()) <= chunk);
    REQUIRE(piece.roles.size() == piece.ids.size());
    REQUIRE(piece.last == pieces.done());
    all.ids.insert(all.ids.end(), piece.ids.begin(), piece.ids.end());
    all.roles.insert(all.roles.end(), piece.roles.begin(), piece.roles.end());
    all.ends.push_back(static_cast<std::int64_t>(all.ids.size()));
    if (piece.ends_at_mark) all.marks.push_back(all.ends.back());
  }
  REQUIRE(static_cast<std::int64_t>(all.ids.size()) == pieces.total());
  return all;
}

std::vector<TokenId> numbered(std::int64_t count) {
  std::vector<TokenId> ids(static_cast<std::size_t>(count));
  std::iota(ids.begin(), ids.end(), 0);
  return ids;
}

std::vector<std::int64_t> starts_of(const std::vector<RowRole>& roles) {
  std::vector<std::int64_t> starts;
  for (std::size_t i = 0; i < roles.size(); ++i) {
    if (roles[i] == RowRole::block_start) starts.push_back(static_cast<std::int64_t>(i));
  }
  return starts;
}

using Places = std::vector<std::int64_t>;

TEST_CASE("pieces: without blocks a prompt is cut by chunks, and at marks") {
  const auto ids = numbered(70);
  const Cut plain = cut(Pieces(0, {}, ids, {}, {32, 0}), 32);
  CHECK(plain.ids == ids);
  CHECK(plain.ends == Places{32, 64, 70});
  CHECK(plain.roles == std::vector<RowRole>(70, RowRole::prompt));
  const Places marks{0, 5, 40, 70, 90};  // neither the beginning nor the end, nor what is beyond it
  const Cut marked = cut(Pieces(0, {}, ids, marks, {32, 0}), 32);
  CHECK(marked.ends == Places{5, 37, 40, 70});
  CHECK(marked.marks == Places{5, 40});
  CHECK(marked.roles == plain.roles);
  // The same places in a text of which 1,000 tokens were processed before.
  const Places later{990, 1000, 1005, 1040, 1070, 1090};
  CHECK(cut(Pieces(1000, {}, ids, later, {32, 0}), 32).ends == marked.ends);
}

TEST_CASE("pieces: blocks begin with the prompt, at marks, and every so many tokens after that") {
  const auto ids = numbered(150);
  const Cut plain = cut(Pieces(0, {}, ids, {}, {64, 32}), 64);
  CHECK(starts_of(plain.roles) == Places{0, 32, 64, 96, 128});
  CHECK(plain.ends == Places{64, 128, 150});
  const Places marks{41, 42};
  const Cut marked = cut(Pieces(0, {}, ids, marks, {64, 32}), 64);
  CHECK(starts_of(marked.roles) == Places{0, 32, 41, 42, 74, 106, 138});
  CHECK(marked.ends == Places{41, 42, 106, 150});
  CHECK(marked.marks == Places{41, 42});
  // The end of a prompt inside a block, with the marks that cut it into pieces smaller than a block.
  CHECK(cut(Pieces(0, {}, std::span(ids).first(3), {}, {64, 32}), 64).ends == Places{3});
}

TEST_CASE("pieces: tokens that lead are part of the prompt") {
  const auto ids = numbered(100);
  const std::span<const TokenId> all(ids);
  const Places marks{20, 60};
  const Cut whole = cut(Pieces(0, {}, ids, marks, {64, 32}), 64);
  for (const std::size_t leading : {std::size_t{1}, std::size_t{7}, std::size_t{31}}) {
    const Cut led = cut(Pieces(0, all.first(leading), all.subspan(leading), marks, {64, 32}), 64);
    CHECK(led.ids == ids);
    CHECK(led.roles == whole.roles);
    CHECK(led.ends == whole.ends);
  }
}

TEST_CASE("pieces: what is processed again never ends inside a block, and has the roles that it had") {
  test::Random random(77);
  for (int round = 0; round < 300; ++round) {
    // A text of prompts and answers.
    const std::int64_t chunk = std::int64_t{16} << random.pick(0, 3), block = std::min<std::int64_t>(32, chunk);
    std::vector<TokenId> ids;
    std::vector<RowRole> roles;
    for (int turn = 0; turn < 4; ++turn) {
      const auto prompt = numbered(random.pick(1, 200));
      const Places marks{random.pick(1, 100), random.pick(101, 200)};
      const Cut read = cut(Pieces(0, {}, prompt, marks, {chunk, block}), chunk);
      REQUIRE(read.ids == prompt);
      ids.insert(ids.end(), prompt.begin(), prompt.end());
      roles.insert(roles.end(), read.roles.begin(), read.roles.end());
      const auto answer = static_cast<std::size_t>(random.pick(0, 20));
      ids.resize(ids.size() + answer, 7);
      roles.resize(roles.size() + answer, RowRole::generated);
    }
    // From any place where a block begins or an answer's token stands.
    auto from = static_cast<std::size_t>(random.pick(0, static_cast<std::int64_t>(ids.size()) - 1));
    while (roles[from] == RowRole::prompt) --from;
    const std::span<const TokenId> rest = std::span<const TokenId>(ids).subspan(from);
    const std::span<const RowRole> rest_roles = std::span<const RowRole>(roles).subspan(from);
    const Cut again = cut(Pieces(rest, rest_roles, {chunk, block}), chunk);
    REQUIRE(std::equal(rest.begin(), rest.end(), again.ids.begin(), again.ids.end()));
    REQUIRE(std::equal(rest_roles.begin(), rest_roles.end(), again.roles.begin(), again.roles.end()));
    REQUIRE(again.marks.empty());
    for (const std::int64_t end : again.ends) {
      const auto next = static_cast<std::size_t>(end);
      if (next < rest_roles.size()) REQUIRE(rest_roles[next] != RowRole::prompt);
    }
  }
}

TEST_CASE("pieces: a prompt without marks is cut as one that is processed pass by pass") {
  test::Random random(31);
  for (int round = 0; round < 200; ++round) {
    const std::int64_t chunk = std::int64_t{1} << random.pick(0, 7), block = std::min<std::int64_t>(32, chunk);
    const auto ids = numbered(random.pick(1, 600));
    const Cut read = cut(Pieces(random.pick(0, 1000), {}, ids, {}, {chunk, block}), chunk);
    const run::PromptCuts cuts(static_cast<std::int64_t>(ids.size()), chunk, true);
    Places ends;
    for (std::int64_t at = 0; at < cuts.tokens();) {
      const std::int64_t count = cuts.piece(at, random.pick(0, 600));
      for (std::int64_t i = 0; i < count; ++i) {
        REQUIRE(read.roles[static_cast<std::size_t>(at + i)] == run::prompt_role(i, block));
      }
      ends.push_back(at += count);
    }
    REQUIRE(read.ends == ends);
  }
}

TEST_CASE("pieces: roles that no text has end all the same") {
  const auto ids = numbered(200);
  std::vector<RowRole> roles(200, RowRole::prompt);
  CHECK(cut(Pieces(ids, roles, {16, 16}), 16).ids == ids);  // no block begins anywhere
  roles[0] = RowRole::block_start;                          // one that is longer than a chunk
  CHECK(cut(Pieces(ids, roles, {16, 16}), 16).ids == ids);
  CHECK(cut(Pieces(ids, roles, {64, 32}), 64).ids == ids);
}

TEST_CASE("pieces: a context so small that every token is a block") {
  const auto ids = numbered(5);
  const Cut single = cut(Pieces(0, {}, ids, {}, {1, 1}), 1);
  CHECK(single.ends == Places{1, 2, 3, 4, 5});
  CHECK(starts_of(single.roles) == Places{0, 1, 2, 3, 4});
}

}  // namespace pieces_test

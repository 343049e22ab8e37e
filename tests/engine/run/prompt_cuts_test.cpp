// Where prompts may be cut: a function of their tokens and the plan, whatever piece would be convenient.
#include "engine/run/prompt_cuts.hpp"

#include <doctest/doctest.h>

#include "tests/support/random.hpp"

using brim::run::kPromptBlock;
using brim::run::PromptCuts;

TEST_CASE("pieces of a prompt that fits are whole blocks, as many as are wanted") {
  const PromptCuts cuts(300, 128, false);
  CHECK(cuts.tokens() == 300);
  CHECK(cuts.piece(0, 0) == 32);
  CHECK(cuts.piece(0, 63) == 32);
  CHECK(cuts.piece(0, 64) == 64);
  CHECK(cuts.piece(0, 1 << 20) == 128);
  CHECK(cuts.piece(288, 1 << 20) == 12);
}

TEST_CASE("pieces of a prompt that evicts are the plan's chunks") {
  const PromptCuts cuts(300, 128, true);
  CHECK(cuts.piece(0, 32) == 128);
  CHECK(cuts.piece(256, 32) == 44);
  CHECK(PromptCuts(300, 16, false).piece(0, 1 << 20) == 16);
  CHECK(PromptCuts(5, 512, true).piece(0, 1) == 5);
}

TEST_CASE("no piece but the last ends inside a block, whatever is wanted") {
  brim::test::Random random(1);
  for (int round = 0; round < 200; ++round) {
    const std::int64_t tokens = random.pick(1, 2000), chunk = std::int64_t{32} << random.pick(0, 4);
    const PromptCuts cuts(tokens, chunk, random.pick(0, 2) == 0);
    std::int64_t at = 0;
    while (at < tokens) {
      CHECK(at % kPromptBlock == 0);
      const std::int64_t piece = cuts.piece(at, random.pick(0, 600));
      REQUIRE(piece > 0);
      REQUIRE(piece <= chunk);
      at += piece;
    }
    CHECK(at == tokens);
  }
}

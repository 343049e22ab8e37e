// Texts that are looked at twice: what is evicted follows what looks found, in streams that have room for four pieces; a
// look itself leaves nothing behind but scores; the budget holds at every step.
#include "engine/kv/looks.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "tests/engine/kv/distinct_plans.hpp"
#include "tests/support/noting_rule.hpp"

namespace looks_test {

using namespace brim;
using namespace brim::test;
using kernels::KvType;

/// What a look finds of a token, in (0, 1).
float found(int layer, int head, std::int64_t token) { return (fake_score(layer + 5, head, token) + 1) / 2; }

/// Stages n tokens that look at the n newest ones, and gives them what is found. Layers from `until` on get nothing.
void look(FakeModel& model, std::int64_t n, int until = 1 << 20) {
  const std::int64_t position = model.begin_look(n);
  for (int layer = 0; layer < std::min(model.layers(), until); ++layer) {
    model.stage(layer, model.cache().tokens(), position, n);
    REQUIRE(model.chunk().view(stream(layer)).staged() == n);
    REQUIRE(model.cache().bytes_used() <= model.cache().plan().budget_bytes);
    const kv::LookedAt range = model.chunk().looked_at(stream(layer));
    REQUIRE(range.first + range.count == model.cache().view(stream(layer)).retained());
    REQUIRE(range.sinks <= range.first);
    const int heads = model.shape().layers[static_cast<std::size_t>(layer)].kv_heads;
    std::vector<float> scores;
    for (std::int64_t i = 0; i < range.count; ++i) {
      for (int head = 0; head < heads; ++head)
        scores.push_back(found(layer, head, model.cache().tokens() - range.count + i));
    }
    model.chunk().keep_look(stream(layer), {scores.data(), heads});
    model.commit(layer);
  }
  if (until > model.layers()) {
    model.end();
  } else {
    model.abandon();
  }
}

void read_looked(FakeModel& model, std::int64_t tokens, std::int64_t piece) {
  model.cache().begin_looks(piece);
  while (tokens > 0) {
    const std::int64_t n = std::min(tokens, piece);
    model.cache().make_room(n);
    REQUIRE(model.cache().bytes_used() <= model.cache().plan().budget_bytes);
    model.read_chunk(n);
    look(model, n);
    REQUIRE(model.cache().bytes_used() <= model.cache().plan().budget_bytes);
    tokens -= n;
  }
  model.cache().end_looks();
}

/// What remains of a text when nothing but this decides: four sinks, the newest quarter, and what looks found best.
std::vector<std::int64_t> expected(const kv::StreamShape& shape, int layer, std::int64_t tokens, std::int64_t quota,
                                   std::int64_t piece) {
  std::vector<std::int64_t> kept;
  const auto score = [&](std::int64_t token) {
    float sum = 0;
    for (int head = 0; head < shape.kv_heads; ++head) sum += found(layer, head, token);
    return sum / static_cast<float>(shape.kv_heads);
  };
  for (std::int64_t token = 0; token < tokens;) {
    const std::int64_t n = std::min(piece, tokens - token);
    const auto keep = static_cast<std::size_t>(quota - n);
    if (kept.size() > keep) {
      std::vector<std::int64_t> middle(kept.begin() + 4, kept.end() - quota / 4);
      std::sort(middle.begin(), middle.end(), [&](auto a, auto b) { return score(a) > score(b); });
      middle.resize(keep - 4 - static_cast<std::size_t>(quota / 4));
      std::vector<std::int64_t> next(kept.begin(), kept.begin() + 4);
      next.insert(next.end(), middle.begin(), middle.end());
      next.insert(next.end(), kept.end() - quota / 4, kept.end());
      std::sort(next.begin(), next.end());
      kept = next;
    }
    for (std::int64_t i = 0; i < n; ++i) kept.push_back(token++);
  }
  return kept;
}

TEST_CASE("a text that is looked at keeps its sinks, its end and what looks found best") {
  const kv::Shape shape = fake_shape(2, 4096, KvType::f16, 3, 16);
  for (const std::int64_t tokens : {40, 64, 65, 200, 333}) {
    FakeModel model(plan_of_rule(shape, {64, 96}, kv::distinct_rule()));
    REQUIRE(model.ok());
    REQUIRE(model.cache().looked_streams(16) == 2);
    read_looked(model, tokens, 16);
    CHECK(model.cache().tokens() == tokens);
    CHECK(positions_of(model, 0) == expected(shape.layers[0], 0, tokens, 64, 16));
    CHECK(positions_of(model, 1) == expected(shape.layers[1], 1, tokens, 96, 16));
    CHECK(model.cache().kept(stream(0), 0, tokens) == model.stats(0).used);
    CHECK(model.cache().kept(stream(0), 2, 3) == 1);
    CHECK(model.cache().kept(stream(0), tokens, tokens + 9) == 0);
    CHECK(model.guards_intact());
  }
}

TEST_CASE("a stream with less than four pieces is left to the rule, beside one that is looked at") {
  const kv::Shape shape = fake_shape(2, 4096, KvType::f16);
  FakeModel looked(plan_of_rule(shape, {64, 48}, kv::distinct_rule())),
      plain(plan_of_rule(shape, {64, 48}, kv::distinct_rule()));
  CHECK(looked.cache().looked_streams(16) == 1);
  CHECK(looked.cache().looked_streams(12) == 2);
  CHECK(looked.cache().looked_streams(17) == 0);
  read_looked(looked, 160, 16);
  plain.read(160);
  CHECK(positions_of(looked, 1) == positions_of(plain, 1));
  CHECK(positions_of(looked, 0) != positions_of(plain, 0));
  // From here on the rule decides everywhere, and nothing waits for a look.
  looked.read(64);
  CHECK(looked.stats(0).used == 64);
  std::vector<std::int64_t> newest = positions_of(looked, 0);
  for (std::int64_t i = 0; i < 48; ++i) CHECK(newest[static_cast<std::size_t>(63 - i)] == 223 - i);
}

TEST_CASE("rules that keep no score, and plans that hold everything, are not looked at") {
  const kv::Shape shape = fake_shape(1, 256, KvType::f16);
  FakeModel window(plan_of_rule(shape, {64}, kv::window_rule()));
  CHECK(window.cache().looked_streams(4) == 0);
  FakeModel full(distinct_plan(shape, budget_full()));
  CHECK(full.cache().looked_streams(4) == 0);
  FakeModel plain(distinct_plan(shape, budget_full()));
  read_looked(full, 100, 16);
  while (plain.cache().tokens() < 100) plain.read_chunk(std::min<std::int64_t>(16, 100 - plain.cache().tokens()));
  CHECK(saved(full.cache()) == saved(plain.cache()));
}

TEST_CASE("a look leaves nothing behind, ended or abandoned, but what it found") {
  const kv::Shape shape = fake_shape(3, 512, KvType::q8_0);
  for (const bool deciding : {false, true}) {
    FakeModel model(plan_of_rule(shape, {64, 64, 64}, kv::distinct_rule()));
    model.read(120);  // full
    if (deciding) model.cache().begin_looks(8);
    const auto before = saved(model.cache());
    const auto kept = positions_of(model, 1);
    for (int until = 0; until < 3; ++until) {
      look(model, 8, until);
      CHECK(!model.cache().stale());
      CHECK(model.cache().tokens() == 120);
    }
    look(model, 8);
    CHECK(positions_of(model, 1) == kept);
    CHECK((saved(model.cache()) == before) == !deciding);
    model.read_chunk(1);
    CHECK(model.cache().tokens() == 121);
  }
}

TEST_CASE("pieces that wait for their look are not evicted, whatever moves or slides") {
  // Beyond the context entries are rebased, and a window slides; indices tell tokens apart.
  kv::Shape shape = fake_shape(3, 256, KvType::f16);
  shape.layers[1].window = 100;
  FakeModel model(plan_of_rule(shape, {64, 64, 128}, kv::distinct_rule()));
  REQUIRE(model.ok());
  model.cache().begin_looks(16);
  for (int piece = 0; piece < 60; ++piece) {
    const std::int64_t before = model.cache().tokens(), n = piece % 16 + 1;
    model.cache().make_room(n);
    model.read_chunk(n);
    for (int layer = 0; layer < 3; ++layer) {
      CHECK(model.cache().kept(stream(layer), before, before + n) == n);
      if (layer != 1) CHECK(model.cache().kept(stream(layer), 0, 4) == std::min<std::int64_t>(4, before + n));
      CHECK(model.stats(layer).used <= model.stats(layer).quota);
    }
    look(model, n);
    REQUIRE(model.cache().bytes_peak() <= model.cache().plan().budget_bytes);
  }
  model.cache().end_looks();
  CHECK(model.cache().rebased() > 0);
  CHECK(model.guards_intact());
}

TEST_CASE("looks store logarithms where scores are learned, and what was found elsewhere") {
  const NotingRule rule(kv::learned_rule());
  kv::Shape shape = fake_shape(1, 1024, KvType::f16, 2, 16);
  shape.layers[0].scored = true;
  FakeModel model(plan_of_rule(shape, {64}, rule));
  read_looked(model, 64, 16);
  CHECK(rule.noted.empty());
  model.read(32);  // the rule compares all entries when the first of them are evicted
  REQUIRE(rule.noted.size() > 64);
  for (std::int64_t token = 0; token < 64; ++token) {
    const float mean = (found(0, 0, token) + found(0, 1, token)) / 2;
    CHECK(rule.noted[token] == std::log(std::max(mean, kv::kMinLookScore)));
  }
  CHECK(rule.noted[64] == (fake_score(0, 0, 64) + fake_score(0, 1, 64)) / 2);
}

}  // namespace looks_test

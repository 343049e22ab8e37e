// The choice of kept entries, compared with a plain sort.
#include "engine/kv/eviction.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "tests/engine/kv/fake_model.hpp"

using brim::kv::choose_survivors;
using brim::kv::entries_to_keep;
using brim::kv::Forced;
using brim::kv::forced_entries;

namespace {

std::vector<std::uint32_t> survivors(const std::vector<float>& scores, Forced forced, std::int64_t keep) {
  std::vector<std::uint32_t> order(scores.size());
  choose_survivors(scores, forced, keep, order);
  order.resize(static_cast<std::size_t>(keep));
  return order;
}

}  // namespace

TEST_CASE("forced entries: min(4, q/8) sinks, min(32, q/4) recent, no sinks where the window slides") {
  CHECK(forced_entries(16, false).sinks == 2);
  CHECK(forced_entries(16, false).recent == 4);
  CHECK(forced_entries(32, false).sinks == 4);
  CHECK(forced_entries(128, false).recent == 32);
  CHECK(forced_entries(100000, false).sinks == 4);
  CHECK(forced_entries(100000, false).recent == 32);
  CHECK(forced_entries(4096, true).sinks == 0);
  CHECK(forced_entries(4096, true).recent == 32);
}

TEST_CASE("a batch when decoding, exactly the quota after a long chunk, and always room for what is forced") {
  CHECK(entries_to_keep(257, 256, 1) == 241);  // one granule is evicted
  CHECK(entries_to_keep(17, 16, 1) == 15);     // an eighth of a small quota
  CHECK(entries_to_keep(256 + 64, 256, 64) == 256);
  CHECK(entries_to_keep(257, 256, 16) == 256);
  CHECK(entries_to_keep(256 + 15, 256, 15) == 255);
  for (std::int64_t quota = 16; quota <= 2048; quota += 16) {
    for (const std::int64_t n : {1, 2, 7, 15, 16, 17, 512}) {
      for (std::int64_t over = 1; over <= n; ++over) {
        const std::int64_t keep = entries_to_keep(quota + over, quota, n);
        const Forced forced = forced_entries(quota, false);
        CHECK(keep <= quota);
        CHECK(keep >= quota - 16);
        CHECK(keep >= forced.sinks + forced.recent);
      }
    }
  }
}

TEST_CASE("survivors: highest scores between the forced ones, ascending") {
  CHECK(survivors({9, 1, 5, 2, 4, 3, 0}, {1, 1}, 4) == std::vector<std::uint32_t>{0, 2, 4, 6});
  CHECK(survivors({0, 9, 9, 9, 0}, {1, 1}, 2) == std::vector<std::uint32_t>{0, 4});
  CHECK(survivors({0, 1, 2}, {1, 1}, 3) == std::vector<std::uint32_t>{0, 1, 2});
  CHECK(survivors({0, 1, 2}, {0, 0}, 0).empty());
}

TEST_CASE("survivors: ties go to the newer entry, NaN is the lowest, infinities are numbers") {
  CHECK(survivors({7, 7, 7, 7, 7}, {0, 0}, 2) == std::vector<std::uint32_t>{3, 4});
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK(survivors({1, nan, 2, nan, -5}, {0, 0}, 3) == std::vector<std::uint32_t>{0, 2, 4});
  CHECK(survivors({nan, nan, nan, nan}, {0, 0}, 2) == std::vector<std::uint32_t>{2, 3});
  CHECK(survivors({infinity, 0, -infinity, infinity}, {0, 0}, 2) == std::vector<std::uint32_t>{0, 3});
}

TEST_CASE("survivors: as a plain stable sort chooses them, on random scores with many ties") {
  brim::test::Random random(11);
  for (int round = 0; round < 3000; ++round) {
    const std::int64_t entries = random.pick(1, 200);
    const std::int64_t sinks = random.pick(0, std::min<std::int64_t>(4, entries));
    const std::int64_t recent = random.pick(0, std::min<std::int64_t>(32, entries - sinks));
    const std::int64_t keep = random.pick(sinks + recent, entries);
    std::vector<float> scores;
    for (std::int64_t i = 0; i < entries; ++i) scores.push_back(static_cast<float>(random.pick(0, 9)));

    std::vector<std::uint32_t> expected;
    for (std::int64_t i = sinks; i < entries - recent; ++i) expected.push_back(static_cast<std::uint32_t>(i));
    std::reverse(expected.begin(), expected.end());
    std::stable_sort(expected.begin(), expected.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return scores[a] > scores[b]; });
    expected.resize(static_cast<std::size_t>(keep - sinks - recent));
    for (std::int64_t i = 0; i < sinks; ++i) expected.push_back(static_cast<std::uint32_t>(i));
    for (std::int64_t i = entries - recent; i < entries; ++i) expected.push_back(static_cast<std::uint32_t>(i));
    std::sort(expected.begin(), expected.end());
    CHECK(survivors(scores, {sinks, recent}, keep) == expected);
  }
}

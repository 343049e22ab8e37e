// The pure functions of sparse reads: the option's text, and which blocks are chosen.
#include "engine/kv/reading.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "tests/support/random.hpp"

using brim::kv::Block;

namespace {

std::vector<std::uint32_t> chosen(const std::vector<int>& lengths, const std::vector<float>& scores, double share) {
  std::vector<Block> blocks;
  for (const int length : lengths) blocks.push_back({0, length, 0});
  std::vector<std::uint32_t> order(blocks.size());
  order.resize(choose_blocks(blocks, scores, share, order));
  return order;
}
using Numbers = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("what a user may write") {
  CHECK(!brim::kv::parse_reading("all")->sparse);
  const auto quarter = brim::kv::parse_reading("top=25%");
  REQUIRE(quarter.ok());
  CHECK(quarter->sparse);
  CHECK(quarter->share == 0.25);
  CHECK(brim::kv::parse_reading("top=100%")->share == 1);
  CHECK(brim::kv::parse_reading("top=0.5%")->share == 0.005);
  for (const char* wrong : {"", "none", "top", "top=", "top=25", "top=%", "top=0%", "top=-1%", "top=101%", "top=nan%",
                            "25%", "top=+5%", "top= 5%", "top=.5%", "top=5.%", "top=1e1%", "top=0x5%"}) {
    const auto refused = brim::kv::parse_reading(wrong);
    REQUIRE(!refused.ok());
    CHECK(refused.error().code == brim::ErrorCode::invalid_argument);
  }
}

TEST_CASE("the first block, the newest entries, and the highest scores that fit") {
  const std::vector<int> lengths = {20, 20, 20, 20, 20, 20, 20, 10};
  const std::vector<float> scores = {0, 1, 5, 2, 5, 3, 0, 0};
  CHECK(chosen(lengths, scores, 0.01) == Numbers{0, 5, 6, 7});    // 10 + 20 are fewer than 32
  CHECK(chosen(lengths, scores, 0.6) == Numbers{0, 4, 5, 6, 7});  // 90 of 150; the newer one of equal blocks
  CHECK(chosen(lengths, scores, 0.75) == Numbers{0, 2, 4, 5, 6, 7});
  CHECK(chosen(lengths, scores, 1) == Numbers{0, 1, 2, 3, 4, 5, 6, 7});
}

TEST_CASE("what is chosen among many is what sorting them all gives") {
  brim::test::Random numbers(7);
  const auto random = [&](std::uint32_t end) { return numbers.bits() % end; };
  for (int round = 0; round < 2000; ++round) {
    const std::size_t count = 3 + random(300);
    std::vector<int> lengths;
    std::vector<float> scores;
    int all = 0;
    for (std::size_t i = 0; i < count; ++i) {
      lengths.push_back(1 + static_cast<int>(random(round % 2 == 0 ? 90 : 2)));
      scores.push_back(round % 3 == 0 ? static_cast<float>(random(4)) - 2
                                      : (static_cast<float>(random(1000)) - 500) / 7);
      if (scores.back() == 0 && random(2) == 0) scores.back() = -0.0f;  // equal to 0
      all += lengths.back();
    }
    const double share = (1 + random(100)) / 100.0;
    std::size_t last = count;
    int recent = 0;
    while (last > 1 && (last == count || recent < brim::kv::kRecentRead)) recent += lengths[--last];
    int room = static_cast<int>(std::ceil(share * all)) - recent - lengths[0];
    Numbers order, expected{0};
    for (std::uint32_t i = 1; i < last; ++i) order.push_back(i);
    std::sort(order.begin(), order.end(),
              [&](std::uint32_t a, std::uint32_t b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a > b; });
    for (std::size_t i = 0; i < order.size() && lengths[order[i]] <= room; ++i) {
      room -= lengths[order[i]];
      expected.push_back(order[i]);
    }
    for (std::uint32_t i = static_cast<std::uint32_t>(last); i < count; ++i) expected.push_back(i);
    std::sort(expected.begin(), expected.end());
    REQUIRE(chosen(lengths, scores, share) == expected);
  }
}

TEST_CASE("edges: no blocks, one, few; scores that are not numbers") {
  CHECK(chosen({}, {}, 0.5).empty());
  CHECK(chosen({7}, {0}, 0.1) == Numbers{0});
  CHECK(chosen({7, 3}, {0, 0}, 0.1) == Numbers{0, 1});
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(chosen({10, 10, 10, 40}, {nan, nan, -1e30f, nan}, 60.0 / 70) == Numbers{0, 2, 3});
}

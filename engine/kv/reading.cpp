// See reading.hpp.
#include "engine/kv/reading.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "engine/base/quote.hpp"
#include "engine/kv/budget.hpp"

namespace brim::kv {

Result<Reading> parse_reading(std::string_view text) {
  if (text == "all") return Reading{};
  constexpr std::string_view kTop = "top=";
  if (text.starts_with(kTop) && text.ends_with('%')) {
    const std::string_view number = text.substr(kTop.size(), text.size() - kTop.size() - 1);
    const std::optional<double> percent = parse_percent(number);
    if (percent && *percent > 0 && *percent <= 100) return Reading{true, *percent / 100};
  }
  return error(ErrorCode::invalid_argument, "KV reading: expected all or top=N% with N above 0 and up to 100, found ",
               quoted(text));
}

namespace {

/// Keys that sort as scores do, NaN below all others; −0 has the same key as 0.
std::uint32_t rank_of(float score) {
  if (std::isnan(score)) return 0;
  const auto bits = std::bit_cast<std::uint32_t>(score + 0.0f);
  constexpr std::uint32_t kSign = 1u << 31;
  return bits & kSign ? ~bits : bits | kSign;
}

}  // namespace

std::size_t choose_blocks(std::span<const Block> blocks, std::span<const float> scores, double share,
                          std::span<std::uint32_t> order) noexcept {
  std::int64_t entries = 0;
  for (const Block& block : blocks) entries += block.length;
  // What is read anyway: [0, first) and [last, all).
  const std::size_t first = std::min<std::size_t>(1, blocks.size());
  std::size_t last = blocks.size();
  std::int64_t recent = 0;
  while (last > first && (last == blocks.size() || recent < kRecentRead)) recent += blocks[--last].length;
  std::int64_t room = static_cast<std::int64_t>(std::ceil(share * static_cast<double>(entries))) - recent;
  if (first > 0) room -= blocks.front().length;

  // The rank at which the room ends, found digit by digit from the highest: without comparisons that a processor could
  // mispredict.
  const std::span<std::uint32_t> ranks = order;
  for (std::size_t i = first; i < last; ++i) ranks[i] = rank_of(scores[i]);
  std::uint32_t bound = 0;
  constexpr int kDigit = 8;
  for (int shift = 32 - kDigit; shift >= 0; shift -= kDigit) {
    constexpr std::uint32_t kLargest = (1u << kDigit) - 1;
    std::int64_t lengths[kLargest + 1] = {};
    for (std::size_t i = first; i < last; ++i) {
      const bool undecided = std::uint64_t{ranks[i] ^ bound} >> (shift + kDigit) == 0;
      lengths[ranks[i] >> shift & kLargest] += undecided ? blocks[i].length : 0;
    }
    std::uint32_t digit = kLargest;
    for (; digit > 0 && lengths[digit] <= room; --digit) room -= lengths[digit];
    bound |= digit << shift;
  }
  std::size_t equals = last;  // those with just this rank are read from here on
  for (std::size_t i = last; i-- > first;) {
    if (ranks[i] != bound) continue;
    if (blocks[i].length > room) break;
    room -= blocks[i].length;
    equals = i;
  }
  std::size_t count = 0;  // never beyond i: a rank is looked at before its place is taken
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (i < first || i >= last || ranks[i] > bound || (ranks[i] == bound && i >= equals)) {
      order[count++] = static_cast<std::uint32_t>(i);
    }
  }
  return count;
}

}  // namespace brim::kv

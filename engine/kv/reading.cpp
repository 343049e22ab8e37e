// See reading.hpp.
#include "engine/kv/reading.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/base/quote.hpp"

namespace brim::kv {

Result<Reading> parse_reading(std::string_view text) {
  if (text == "all") return Reading{};
  constexpr std::string_view kTop = "top=";
  if (text.starts_with(kTop) && text.ends_with('%')) {
    const std::string_view number = text.substr(kTop.size(), text.size() - kTop.size() - 1);
    double percent = 0;
    const auto [end, failure] = std::from_chars(number.data(), number.data() + number.size(), percent);
    if (failure == std::errc() && end == number.data() + number.size() && percent > 0 && percent <= 100) {
      return Reading{true, percent / 100};
    }
  }
  return error(ErrorCode::invalid_argument, "KV reading: expected all or top=N% with N above 0 and up to 100, found ",
               quoted(text));
}

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

  std::iota(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(last), 0u);
  const auto candidates = order.subspan(first, last - first);
  const auto score = [&](std::uint32_t block) {
    return std::isnan(scores[block]) ? -std::numeric_limits<float>::infinity() : scores[block];
  };
  const auto better = [&](std::uint32_t a, std::uint32_t b) {
    return score(a) != score(b) ? score(a) > score(b) : a > b;
  };
  // Quickselect by length: those before `chosen_end` are chosen, those from `end` on are not. No two are alike, so at least
  // one of three is worse than their median, and the rest gets smaller.
  auto chosen_end = candidates.begin(), end = candidates.end();
  constexpr std::ptrdiff_t kFew = 12;
  while (end - chosen_end > kFew) {
    std::uint32_t &a = *chosen_end, &b = chosen_end[(end - chosen_end) / 2], &c = end[-1];
    std::uint32_t& median = better(a, b) == better(b, c) ? b : better(b, a) == better(a, c) ? a : c;
    std::swap(median, c);
    const std::uint32_t pivot = c;
    const auto middle = std::partition(chosen_end, end - 1, [&](std::uint32_t block) { return better(block, pivot); });
    std::swap(*middle, c);
    std::int64_t length = blocks[pivot].length;
    for (auto block = chosen_end; block != middle; ++block) length += blocks[*block].length;
    if (length <= room) {
      room -= length;
      chosen_end = middle + 1;
    } else {
      end = middle + 1;
    }
  }
  std::sort(chosen_end, end, better);
  for (; chosen_end != end && blocks[*chosen_end].length <= room; ++chosen_end) room -= blocks[*chosen_end].length;
  std::sort(candidates.begin(), chosen_end);
  auto count = first + static_cast<std::size_t>(chosen_end - candidates.begin());
  for (std::size_t block = last; block < blocks.size(); ++block) order[count++] = static_cast<std::uint32_t>(block);
  return count;
}

}  // namespace brim::kv

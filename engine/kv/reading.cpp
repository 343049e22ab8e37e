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
  const auto less = [&](std::uint32_t a, std::uint32_t b) {
    return score(a) != score(b) ? score(a) < score(b) : a < b;
  };
  std::make_heap(candidates.begin(), candidates.end(), less);
  auto heap_end = candidates.end();
  while (heap_end != candidates.begin() && blocks[candidates.front()].length <= room) {
    room -= blocks[candidates.front()].length;
    std::pop_heap(candidates.begin(), heap_end--, less);
  }
  // The chosen ones stand behind the heap that is left.
  const auto chosen_end = std::copy(heap_end, candidates.end(), candidates.begin());
  std::sort(candidates.begin(), chosen_end);
  auto count = first + static_cast<std::size_t>(chosen_end - candidates.begin());
  for (std::size_t block = last; block < blocks.size(); ++block) order[count++] = static_cast<std::uint32_t>(block);
  return count;
}

}  // namespace brim::kv

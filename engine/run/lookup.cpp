// See lookup.hpp.
#include "engine/run/lookup.hpp"

#include <algorithm>
#include <bit>

namespace brim::run {
namespace {

constexpr int kMaxSlotBits = 18;

// One more token in front of a run that hashes to `hash`. The factor is 2⁶⁴ divided by the golden ratio.
std::uint64_t prepend(std::uint64_t hash, TokenId id) {
  const std::uint64_t mixed = (hash ^ static_cast<std::uint32_t>(id)) * 0x9E3779B97F4A7C15u;
  return mixed ^ (mixed >> 32);
}

std::size_t slot_of(std::uint64_t hash, int bits) {
  return static_cast<std::size_t>(hash * 0x9E3779B97F4A7C15u >> (64 - bits));
}

}  // namespace

int Lookup::slot_bits(std::int64_t context) {
  // Twice as many slots as tokens: most runs of the whole context keep theirs.
  const auto tokens = std::clamp<std::int64_t>(context, 64, std::int64_t{1} << (kMaxSlotBits - 1));
  return std::bit_width(static_cast<std::uint64_t>(tokens - 1)) + 1;
}

std::int64_t Lookup::bytes(std::int64_t context) { return std::int64_t{4 * kTables} << slot_bits(context); }

Lookup::Lookup(std::span<std::byte> memory, std::int64_t context)
    : slots_(reinterpret_cast<std::uint32_t*>(memory.data()), static_cast<std::size_t>(bytes(context)) / 4),
      bits_(slot_bits(context)) {}

void Lookup::extend(const TextSoFar& text) noexcept {
  if (indexed_ < 0 || indexed_ > text.end()) {
    std::fill(slots_.begin(), slots_.end(), 0u);
    indexed_ = text.first;
  }
  indexed_ = std::max(indexed_, text.first);
  for (; indexed_ < text.end(); ++indexed_) {
    std::uint64_t hash = 0;
    std::uint32_t* table = slots_.data();
    for (int length = 1; length <= kLongestRun && indexed_ - length + 1 >= text.first; ++length) {
      hash = prepend(hash, text.at(indexed_ - length + 1));
      if (length < kShortestRun) continue;
      table[slot_of(hash, bits_)] = static_cast<std::uint32_t>(indexed_ + 1);
      table += std::size_t{1} << bits_;
    }
  }
}

Match Lookup::find(const TextSoFar& text, TokenId next) const noexcept {
  // The end of the text, newest first; `next` stands at place text.end().
  const auto ending = [&](std::int64_t back) { return back == 0 ? next : text.at(text.end() - back); };
  std::uint32_t candidates[kTables] = {};
  std::uint64_t hash = 0;
  for (int length = 1; length <= kLongestRun && text.end() - (length - 1) >= text.first; ++length) {
    hash = prepend(hash, ending(length - 1));
    if (length < kShortestRun) continue;
    const std::size_t table = static_cast<std::size_t>(length - kShortestRun) << bits_;
    candidates[length - kShortestRun] = slots_[table + slot_of(hash, bits_)];
  }
  for (int length = kLongestRun; length >= kShortestRun; --length) {
    const std::uint32_t candidate = candidates[length - kShortestRun];
    if (candidate == 0) continue;
    // Places are kept modulo 2³²; more than that many tokens are never indexed.
    const std::int64_t place =
        text.first + static_cast<std::uint32_t>(candidate - static_cast<std::uint32_t>(text.first));
    if (place > text.end()) continue;
    const std::int64_t max = std::min<std::int64_t>(kLongestMatch, place - text.first);
    int agree = 0;
    while (agree < max && text.at(place - 1 - agree) == ending(agree)) ++agree;
    if (agree >= length) return {place, agree};
  }
  return {};
}

void Lookup::follow(const Match& match, const TextSoFar& text, TokenId next, std::span<TokenId> drafts) noexcept {
  std::int64_t place = match.place;
  for (std::size_t i = 0; i < drafts.size(); ++i, ++place) {
    if (place < text.end()) {
      drafts[i] = text.at(place);
    } else if (place == text.end()) {
      drafts[i] = next;
    } else {
      drafts[i] = drafts[static_cast<std::size_t>(place - text.end() - 1)];
    }
  }
}

}  // namespace brim::run

// Prompt lookup (Saxena 2023): what followed the last time that the text ended as it ends now? An index from short runs
// of tokens (n-grams) to the place behind their newest occurrence. Texts that quote, summarise or edit what they were
// given repeat it in runs, and these drafts follow such runs.
//
// One table per length, direct-mapped: a newer run takes the slot of an older one with the same hash. What a slot says
// is always compared with the text itself, so a lost or stale slot costs a draft, never a wrong match.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/text/token_id.hpp"

namespace brim::run {

/// The tokens known so far: ids[i] stands at place first + i of the whole text.
struct TextSoFar {
  std::span<const TokenId> ids;
  std::int64_t first = 0;

  std::int64_t end() const { return first + static_cast<std::int64_t>(ids.size()); }
  TokenId at(std::int64_t place) const { return ids[static_cast<std::size_t>(place - first)]; }
};

/// Where the text went on after an earlier occurrence of its end.
struct Match {
  std::int64_t place = 0;  ///< of the token that followed
  int length = 0;          ///< tokens that agree before it, at most kLongestMatch; 0: there is no such occurrence
};

/// Borrows its memory; allocates nothing. One thread.
class Lookup {
 public:
  static constexpr int kShortestRun = 2;
  static constexpr int kLongestRun = 4;
  static constexpr int kLongestMatch = 16;  ///< longer matches are treated as equally long

  /// Bytes for texts of up to `context` tokens: a multiple of 64, at most 3 MiB.
  static std::int64_t bytes(std::int64_t context);
  Lookup() = default;
  /// `memory`: bytes(context), aligned for integers.
  Lookup(std::span<std::byte> memory, std::int64_t context);

  /// Indexes what was added to the text since the last call.
  void extend(const TextSoFar& text) noexcept;
  /// The text was cut or replaced: the next extend() indexes the text from its beginning.
  void restart() noexcept { indexed_ = -1; }

  /// The newest earlier occurrence of the text's last 4 tokens, or 3, or 2, when `next` is its last token; the text without
  /// `next` has been indexed.
  Match find(const TextSoFar& text, TokenId next) const noexcept;
  /// Fills `drafts` with what followed the match, going on into the drafts themselves where the text ends.
  static void follow(const Match& match, const TextSoFar& text, TokenId next, std::span<TokenId> drafts) noexcept;

 private:
  static constexpr int kTables = kLongestRun - kShortestRun + 1;
  static int slot_bits(std::int64_t context);

  std::span<std::uint32_t> slots_;  ///< [table][1 << bits_]: places modulo 2³²; 0: empty
  int bits_ = 0;
  std::int64_t indexed_ = -1;  ///< the text up to here is in the tables; −1: nothing is
};

}  // namespace brim::run

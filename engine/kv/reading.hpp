// How much of a layer a token of an answer reads (kv.read): everything, or the blocks that its query is likely to
// attend to. Pure functions; engine/model scores the blocks and reads them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/kv/blocks.hpp"
#include "engine/kv/needs.hpp"

namespace brim::kv {

struct Reading {
  bool sparse = false;
  double share = 1;                    ///< of a layer's retained entries; 0 < share ≤ 1
  Cutting cutting = Cutting::learned;  ///< of the blocks that are read; an option always gives `learned`
};

/// "all", or "top=25%": more than 0 and at most 100 percent. Errors: invalid_argument naming the text and the forms.
Result<Reading> parse_reading(std::string_view text);

/// The newest entries, which are read whatever their block's score.
inline constexpr std::int64_t kRecentRead = 32;

/// Chooses what to read of a layer: the first block, which has the sinks; the last ones, until they hold kRecentRead
/// entries; and, from the highest score on (among equals the newer), those that together with these fit into `share` of
/// all entries. Writes the numbers of the blocks, ascending, to the front of `order` and returns how many. scores[i]
/// belongs to block i; the scores of blocks that are read anyway are ignored; NaN counts as the lowest. `order` has a
/// place for each block. Allocates nothing.
std::size_t choose_blocks(std::span<const Block> blocks, std::span<const float> scores, double share,
                          std::span<std::uint32_t> order) noexcept;

}  // namespace brim::kv

// Cuts what one call processes into the chunks of passes. Where they end is a function of the text alone: its tokens'
// roles, its marks and the sizes below; so what a chunk's end decides (blocks of recurrences, evictions) is the same
// whatever else is computed meanwhile, and the same again when the text is processed again.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "engine/kv/plan.hpp"
#include "engine/text/token_id.hpp"
#include "kernels/multiply.hpp"
#include "kernels/recurrence.hpp"

namespace brim::run {

/// Places in a text, ascending, counted in tokens from its beginning: where a piece has to end that reaches them.
using Marks = std::span<const std::int64_t>;

/// Borrows the ids, roles and marks. Allocates nothing.
class Pieces {
 public:
  struct Sizes {
    std::int64_t chunk = 1;  ///< max tokens of a pass, a power of two
    std::int64_t block = 0;  ///< tokens of a block of recurrences, a power of two ≤ `chunk`; 0: the model has none
  };
  struct Piece {
    std::span<const TokenId> ids;
    std::span<const kernels::RowRole> roles;
    bool ends_at_mark;
    bool last;
  };

  /// A new prompt: `lead`, which is copied (fewer tokens than a block has), and then `ids`; before it the text has
  /// `first` tokens. Blocks begin with the prompt's first token, at each mark, and every `block` tokens after that.
  /// Marks that are not inside the prompt are ignored.
  Pieces(std::int64_t first, std::span<const TokenId> lead, std::span<const TokenId> ids, Marks marks, Sizes sizes);
  /// Tokens that are processed again, with the roles that they had. No piece ends inside a block.
  Pieces(std::span<const TokenId> ids, std::span<const kernels::RowRole> roles, Sizes sizes);

  std::int64_t total() const { return total_; }
  bool done() const { return at_ == total_; }
  /// Not when done. Valid until the next call.
  Piece next() noexcept;

 private:
  Piece next_of_prompt() noexcept;

  std::array<TokenId, kernels::kBlockTokens> lead_{};
  std::int64_t lead_size_ = 0;
  std::span<const TokenId> ids_;
  std::span<const kernels::RowRole> roles_;  // empty: a new prompt
  std::int64_t first_ = 0;
  Marks marks_;  // those not passed yet
  Sizes sizes_;
  std::int64_t total_ = 0, at_ = 0;
  std::int64_t origin_ = 0;  // where the blocks around at_ are counted from
  std::array<TokenId, kv::kLargestChunk> piece_ids_{};
  std::array<kernels::RowRole, kv::kLargestChunk> piece_roles_{};
};

}  // namespace brim::run

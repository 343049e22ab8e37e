// Where a prompt may be cut into the pieces that passes process, and which roles its tokens have. Where entries are evicted, and where a recurrent layer
// begins a block, depends on the prompt's tokens and the plan alone: never on what else is being computed.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/multiply.hpp"
#include "kernels/recurrence.hpp"

namespace brim::run {

/// Recurrent layers may compute a prompt in blocks of this many tokens, counted from its first token that is processed:
/// no piece but the last ends inside a block, unless the plan's chunk is smaller.
inline constexpr std::int64_t kPromptBlock = kernels::kBlockTokens;

/// The role of the token at `place`, counted from where blocks of `block` tokens begin; 0: the model has none.
constexpr kernels::RowRole prompt_role(std::int64_t place, std::int64_t block) noexcept {
  return block > 0 && place % block == 0 ? kernels::RowRole::block_start : kernels::RowRole::prompt;
}

class PromptCuts {
 public:
  PromptCuts() = default;
  /// A prompt of `tokens` tokens, of which a pass takes at most `chunk`, a power of two (kv::Plan). `fixed`: entries
  /// may be evicted, so that every piece but the last has `chunk` tokens.
  PromptCuts(std::int64_t tokens, std::int64_t chunk, bool fixed) noexcept
      : tokens_(tokens), chunk_(chunk), fixed_(fixed || chunk <= kPromptBlock) {}

  /// The number of tokens of the piece that begins at token `at`, where another one ended; `wanted`: how many would be
  /// convenient.
  std::int64_t piece(std::int64_t at, std::int64_t wanted) const noexcept {
    const std::int64_t size = fixed_ ? chunk_ : std::clamp(wanted / kPromptBlock * kPromptBlock, kPromptBlock, chunk_);
    return std::min(size, tokens_ - at);
  }
  std::int64_t tokens() const noexcept { return tokens_; }

 private:
  std::int64_t tokens_ = 0, chunk_ = 0;
  bool fixed_ = true;
};

}  // namespace brim::run

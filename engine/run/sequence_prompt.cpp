// Sequence's code for prompts that are processed piece by piece: what can be kept of the text before, where the prompt
// may be cut, and each piece's way into a pass and out of one.
#include "engine/model/pass.hpp"
#include "engine/run/sequence.hpp"

namespace brim::run {

std::int64_t Sequence::keepable(std::int64_t count) const noexcept {
  if (!in_step()) return 0;
  if (count >= tokens()) return tokens();
  return history_start_ > 0 ? 0 : cache_->return_point(count);
}

std::int64_t Sequence::keep(std::int64_t count) noexcept {
  const std::int64_t kept = keepable(count);
  if (kept > 0 && (kept == tokens() || truncate(kept))) return kept;
  clear();
  return 0;
}

// While nothing is evicted and no position moves, the bits of a prompt do not depend on its pieces.
PromptCuts Sequence::cuts(std::int64_t count) const noexcept {
  const kv::Plan& plan = memory_.kv;
  const bool fits = plan.budget_bytes >= plan.full_bytes && cache_->next_position() + count <= plan.shape.context;
  return {count, plan.chunk, !fits};
}

model::SequenceStep Sequence::begin_piece(std::span<const TokenId> ids, bool last) noexcept {
  drop_drafts(false);
  has_row_ = false;
  if (last) cache_->expect_checkpoint();
  // Every piece begins with a block, as PromptCuts cuts them.
  for (std::size_t i = 0; i < ids.size(); ++i) {
    piece_roles_[i] = prompt_role(static_cast<std::int64_t>(i), memory_.block);
  }
  return {cache_.get(), rope_.get(), ids, std::span(piece_roles_).first(ids.size()), false, &observer_, &inputs_};
}

void Sequence::end_piece(const model::Decoder& decoder, std::int64_t first, std::span<const TokenId> ids) noexcept {
  const auto width = static_cast<std::size_t>(model_->config().embedding);
  for (std::size_t i = 0; i < ids.size() && !state_sums_.empty(); ++i) {
    const std::span<const float> row = decoder.stream(first + static_cast<std::int64_t>(i), 1);
    model::normalise_row(model_->table(), model_->config(), model_->weights().output_norm, row.data(),
                         embedding_.data());
    for (std::size_t j = 0; j < width; ++j) state_sums_[j] += static_cast<double>(embedding_[j]);
  }
  keep_rows(decoder, first + static_cast<std::int64_t>(ids.size()) - 1, 1);
  remember(ids, std::span(piece_roles_).first(ids.size()));
}

}  // namespace brim::run

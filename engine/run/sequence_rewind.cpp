// Sequence's part of going back: to an earlier place in the text, and from drafts that were refused. What cannot be cut
// back is processed again, from the newest place that the memory can return to.
#include <algorithm>
#include <array>

#include "engine/model/pass.hpp"
#include "engine/run/sequence.hpp"

namespace brim::run {

// Drafts that were refused have changed layers' states: the memory goes back to before them. Returns what the next step
// processes then: what had been accepted, again, and `id`. Empty where there is nothing to take back, or no room for
// that in the step's pass: then refresh() does it in a pass of its own.
std::span<const TokenId> Sequence::take_back_drafts(TokenId id, std::int64_t max) noexcept {
  again_ = 0;
  if (!in_step_ || !cache_->stale() || cache_->drafts_left() == 0) return {};
  const std::int64_t place = cache_->return_point(cache_->tokens()), again = cache_->tokens() - place;
  if (place == 0 || again > history_size_ || again + 1 > std::min(max, memory_.tokens_together)) return {};
  if (!cache_->truncate(place)) return {};
  drop_drafts(false);
  in_step_ = false;  // until the step was processed
  again_ = again;
  const auto count = static_cast<std::size_t>(again);
  std::copy_n(history().last(count).begin(), count, repeated_.begin());
  repeated_[count] = id;
  return std::span(repeated_).first(count + 1);
}

Status Sequence::settle(const std::atomic<bool>* cancel) {
  if (!in_step_ || !cache_->stale() || cache_->drafts_left() == 0) return {};
  const Progress unheard;
  Reading reading{unheard, 0, 0};
  return refresh(reading, cancel);
}

Status Sequence::rewind(std::int64_t count, const Progress& progress, const std::atomic<bool>* cancel) {
  BRIM_TRY(drop_after(count));
  if (in_step()) return {};
  Reading reading{progress, 0, history_size_ - still_right()};
  BRIM_TRY(refresh(reading, cancel));
  (void)reading.report();
  return {};
}

Status Sequence::read_from(std::int64_t count, std::span<const TokenId> ids, const Progress& progress,
                           const std::atomic<bool>* cancel, Marks marks) {
  if (ids.empty()) return rewind(count, progress, cancel);
  std::array<TokenId, kernels::kBlockTokens> lead;
  std::size_t leading = 0;
  if (count > history_start_ && count < tokens()) {
    const std::int64_t begin = block_begin(count);
    const auto place = static_cast<std::size_t>(begin - history_start_);
    leading = static_cast<std::size_t>(count - begin);
    std::copy_n(history_.begin() + static_cast<std::ptrdiff_t>(place), leading, lead.begin());
    count = begin;
  }
  BRIM_TRY(drop_after(count));
  return read_prompt({std::span(lead).first(leading), ids, marks}, progress, cancel, {});
}

// Where the block begins that token `count` of the text is inside of; `count` where it is not inside one.
std::int64_t Sequence::block_begin(std::int64_t count) const noexcept {
  return memory_.block > 0 ? history_start_ + model::block_begin(roles_.data(), count - history_start_) : count;
}

// What has to be processed again is left to refresh().
Status Sequence::drop_after(std::int64_t count) {
  if (count >= tokens()) return {};
  if (count < history_start_ && count > 0) {
    return error(ErrorCode::wrong_state, "cannot go back to token ", count, ": only the last ", history_size_,
                 " tokens are remembered");
  }
  if (truncate(count)) return {};
  if (count < document_.end) document_ = {};
  drop_drafts(true);
  history_size_ = std::max<std::int64_t>(0, count - history_start_);
  has_row_ = false;
  in_step_ = false;
  return {};
}

bool Sequence::truncate(std::int64_t count) noexcept {
  if (count == 0) {
    clear();
    return true;
  }
  const bool broken = cache_->stale() && cache_->drafts_left() == 0;  // drafts that wait can be dropped
  if (!in_step_ || broken || history_start_ > 0 || count > cache_->tokens()) return false;
  if (count == cache_->tokens()) return true;
  if (!cache_->truncate(count)) return false;
  if (count < document_.end) document_ = {};
  drop_drafts(true);
  history_size_ = count;
  has_row_ = false;
  return true;
}

}  // namespace brim::run

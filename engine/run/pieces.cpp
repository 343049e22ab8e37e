// See pieces.hpp.
#include "engine/run/pieces.hpp"

#include <algorithm>

#include "engine/model/pass.hpp"
#include "engine/run/prompt_cuts.hpp"

namespace brim::run {

using kernels::RowRole;

Pieces::Pieces(std::int64_t first, std::span<const TokenId> lead, std::span<const TokenId> ids, Marks marks,
               Sizes sizes)
    : lead_size_(static_cast<std::int64_t>(lead.size())),
      ids_(ids),
      first_(first),
      marks_(marks),
      sizes_(sizes),
      total_(static_cast<std::int64_t>(lead.size() + ids.size())) {
  std::copy(lead.begin(), lead.end(), lead_.begin());
}

Pieces::Pieces(std::span<const TokenId> ids, std::span<const RowRole> roles, Sizes sizes)
    : ids_(ids), roles_(roles), sizes_(sizes), total_(static_cast<std::int64_t>(ids.size())) {}

Pieces::Piece Pieces::next() noexcept {
  if (roles_.empty()) return next_of_prompt();
  std::int64_t count = std::min(sizes_.chunk, total_ - at_);
  if (sizes_.block > 0 && at_ + count < total_) {
    // 0: a block longer than a chunk, which only the bytes of a forged session can hold.
    if (const std::int64_t whole = model::block_begin(roles_.data() + at_, count); whole > 0) count = whole;
  }
  const auto from = static_cast<std::size_t>(at_), size = static_cast<std::size_t>(count);
  at_ += count;
  return {ids_.subspan(from, size), roles_.subspan(from, size), false, done()};
}

Pieces::Piece Pieces::next_of_prompt() noexcept {
  while (!marks_.empty() && marks_.front() - first_ <= at_) marks_ = marks_.subspan(1);
  const std::int64_t mark = marks_.empty() ? total_ : std::min(marks_.front() - first_, total_);
  // A mark ends what blocks are counted in, as a prompt of its own would. Chunks hold whole blocks: both are powers of two.
  const std::int64_t count = PromptCuts(mark - origin_, sizes_.chunk, true).piece(at_ - origin_, sizes_.chunk);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t place = at_ + i;
    piece_roles_[static_cast<std::size_t>(i)] = prompt_role(place - origin_, sizes_.block);
    piece_ids_[static_cast<std::size_t>(i)] = place < lead_size_ ? lead_[static_cast<std::size_t>(place)]
                                                                 : ids_[static_cast<std::size_t>(place - lead_size_)];
  }
  at_ += count;
  const bool at_mark = at_ == mark && mark < total_;
  if (at_mark) origin_ = at_;
  const auto size = static_cast<std::size_t>(count);
  return {std::span(piece_ids_).first(size), std::span(piece_roles_).first(size), at_mark, done()};
}

}  // namespace brim::run

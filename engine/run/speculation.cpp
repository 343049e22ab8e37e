// See speculation.hpp.
#include "engine/run/speculation.hpp"

#include <algorithm>

namespace brim::run {

bool Speculation::drafted(TokenId id) noexcept {
  if (right_ == known_) return false;
  const bool right = tokens_[static_cast<std::size_t>(right_ + 1)] == id;
  // The draft that no pass verified is only compared: it shows what speculation would gain.
  length_.note_draft(match_ + right_, right);
  const bool saved = right && right_ < verified_;
  if (saved) {
    ++counts_.accepted;
    ++right_;
  } else {
    known_ = right_;
  }
  return saved;
}

std::span<const TokenId> Speculation::propose(const TextSoFar& text, TokenId next, int max, int others) noexcept {
  lookup_.extend(text);
  const Match match = lookup_.find(text, next);
  match_ = match.length;
  right_ = verified_ = known_ = 0;
  tokens_[0] = next;
  if (match.length == 0) return {tokens_.data(), 1};
  const int room = std::min(max, kMaxTogether) - 1;
  verified_ = eager_ ? room : length_.choose(match.length, room, others);
  known_ = verified_ + 1;
  lookup_.follow(match, text, next, std::span(tokens_).subspan(1, static_cast<std::size_t>(known_)));
  counts_.drafted += verified_;
  return {tokens_.data(), static_cast<std::size_t>(verified_ + 1)};
}

void Speculation::note_pass(std::size_t tokens, double seconds) noexcept {
  length_.note_pass(static_cast<int>(tokens), seconds);
}

void Speculation::drop(bool cut) noexcept {
  known_ = right_ = verified_ = 0;
  if (cut) lookup_.restart();
}

void Speculation::save(StateWriter& state) const {
  state.number(counts_.drafted);
  state.number(counts_.accepted);
  length_.save(state);
}

Status Speculation::restore(StateReader& state) {
  drop(true);
  state.at("speculation");
  BRIM_TRY(state.number("tokens drafted", 0, std::int64_t{1} << 53, counts_.drafted));
  BRIM_TRY(state.number("tokens drafted right", 0, counts_.drafted, counts_.accepted));
  return length_.restore(state);
}

}  // namespace brim::run

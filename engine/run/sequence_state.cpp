// Sequence's part of saving and copying sessions: a state that is restored from a file, or from the memory of another
// sequence.
#include "engine/run/sequence.hpp"

namespace brim::run {

Status Sequence::save(StateWriter& state) const {
  if (!in_step_ || cache_->stale()) {
    return error(ErrorCode::wrong_state,
                 "prefill was interrupted and the text has to be processed again before the session ",
                 "can be saved or copied: go on with it, or clear it");
  }
  cache_->save(state);
  state.number(history_start_);
  state.number(history_size_);
  state.piece(std::as_bytes(history()));
  state.piece(std::as_bytes(roles()));
  state.number(document_.first);
  state.number(document_.end);
  state.flag(has_row_);
  if (has_row_) state.piece(std::as_bytes(hidden_row()));
  state.flag(memory_.tokens_together > 1);
  if (memory_.tokens_together > 1) speculation_.save(state);
  return {};
}

Status Sequence::take_over(StateReader& state) {
  BRIM_TRY(cache_->restore(state));
  state.at("the text");
  BRIM_TRY(state.number("tokens dropped", 0, std::int64_t{1} << 53, history_start_));
  BRIM_TRY(state.number("tokens remembered", 0, static_cast<std::int64_t>(history_.size()), history_size_));
  BRIM_TRY(state.piece("token ids", std::as_writable_bytes(history_.first(static_cast<std::size_t>(history_size_)))));
  for (const TokenId id : history()) {
    if (id >= 0 && id < model_->config().vocabulary) continue;
    return state.wrong("token ids", sentence("0 to ", model_->config().vocabulary - 1), sentence(id));
  }
  BRIM_TRY(
      state.piece("roles of tokens", std::as_writable_bytes(roles_.first(static_cast<std::size_t>(history_size_)))));
  for (const kernels::RowRole role : roles()) {
    if (role > kernels::RowRole::block_start) {
      return state.wrong("roles of tokens", "0 to 2", sentence(static_cast<int>(role)));
    }
  }
  // A text that was processed again after its beginning had been dropped is shorter in the cache.
  if (cache_->tokens() > tokens() || (cache_->tokens() < tokens() && history_start_ == 0)) {
    return state.wrong("tokens", sentence(cache_->tokens(), " as in KV memory"), sentence(tokens()));
  }
  BRIM_TRY(state.number("first token of the document", 0, tokens(), document_.first));
  BRIM_TRY(state.number("end of the document", document_.first, tokens(), document_.end));
  BRIM_TRY(state.flag("whether something was read last", has_row_));
  row_ = 0;
  logits_known_ = false;
  if (has_row_) BRIM_TRY(state.piece("stream of the last token", std::as_writable_bytes(hidden_row())));
  BRIM_TRY(state.same("speculation", memory_.tokens_together > 1 ? 1 : 0));
  return memory_.tokens_together > 1 ? speculation_.restore(state) : Status();
}

Status Sequence::restore(StateReader& state) {
  clear();
  const Status status = take_over(state);
  if (!status) clear();
  return status;
}

}  // namespace brim::run

// Session's code for a scheduler (engine/schedule): a text that begins with ids and keeps what the cache holds of them,
// and the pieces of its prompt, which other sessions' passes take along.
#include <algorithm>
#include <cmath>

#include "engine/generate/session.hpp"

namespace brim::generate {

// The last token is processed in any case, for its logits.
std::int64_t Session::reusable(std::span<const TokenId> ids) const noexcept {
  if (ids.empty() || sequence_->history_start() > 0) return 0;
  const std::span<const TokenId> history = sequence_->history();
  const std::span<const TokenId> held = history.first(std::min(history.size(), ids.size() - 1));
  return sequence_->keepable(std::mismatch(held.begin(), held.end(), ids.begin()).first - held.begin());
}

Result<std::int64_t> Session::begin_prompt(std::span<const TokenId> ids, bool reuse, const SessionOptions& answer) {
  end_conversing();
  drop_prompt();
  BRIM_TRY(set_sampling(answer.sampling));
  set_stops(answer.stops);
  set_limit(answer.limit);
  set_ignore_end_tokens(answer.ignore_end_tokens);
  options_.logprobs = answer.logprobs;
  pooling_ = Pooling::none;
  sequence_->sum_states({});
  const std::int64_t kept = sequence_->keep(reuse ? reusable(ids) : 0);
  prompt_ = ids.subspan(static_cast<std::size_t>(kept));
  timings_.prompt_tokens = static_cast<std::int64_t>(prompt_.size());
  cuts_ = sequence_->cuts(timings_.prompt_tokens);
  return kept;
}

void Session::pool(Pooling pooling) {
  const auto width = static_cast<std::size_t>(model_->config().embedding);
  pooled_.resize(width);
  if (pooling == Pooling::mean) {
    pooled_sum_.assign(width, 0);
    sequence_->sum_states(pooled_sum_);
  }
  pooling_ = pooling;
}

Result<std::span<const float>> Session::pooled() {
  if (pooling_ == Pooling::none || in_prompt()) {
    return error(ErrorCode::wrong_state, "there is no embedding: none was requested, or the text was not processed");
  }
  BRIM_ASSIGN(const std::span<const float> last, sequence_->embedding());
  // A sum has the direction of the mean.
  const auto at = [&](std::size_t i) {
    return pooling_ == Pooling::mean ? pooled_sum_[i] : static_cast<double>(last[i]);
  };
  double squares = 0;
  for (std::size_t i = 0; i < pooled_.size(); ++i) squares += at(i) * at(i);
  const double scale = squares > 0 ? 1 / std::sqrt(squares) : 0;
  for (std::size_t i = 0; i < pooled_.size(); ++i) pooled_[i] = static_cast<float>(at(i) * scale);
  return std::span<const float>(pooled_);
}

run::PassEntry Session::begin_piece(const PromptPiece& piece) noexcept {
  const std::int64_t done = cuts_.tokens() - static_cast<std::int64_t>(prompt_.size());
  const auto ids = prompt_.first(static_cast<std::size_t>(cuts_.piece(done, piece.wanted)));
  run::PassEntry entry;
  entry.sequence = sequence_.get();
  entry.step = sequence_->begin_piece(ids, ids.size() == prompt_.size());
  entry.cancel = piece.cancel;
  entry.prompt = true;
  return entry;
}

void Session::end_piece(PromptPiece& piece, run::PassEntry& entry, double seconds) noexcept {
  piece.status = std::move(entry.status);
  timings_.prompt_seconds += seconds;
  if (!piece.status) return;
  piece.tokens = static_cast<std::int64_t>(entry.step.tokens.size());
  prompt_ = prompt_.subspan(entry.step.tokens.size());
  if (!in_prompt()) sequence_->end_prompt();
}

}  // namespace brim::generate

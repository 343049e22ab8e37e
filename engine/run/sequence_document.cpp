// Sequence's code for documents: texts that are read once and asked about many times (KVzip, arXiv 2505.23416; ours is
// the order of steps, within the budget). Of each piece, room is created for it, it is processed, and it is replayed in
// a look, which leaves only scores behind: what a piece's own replay attends to is kept.
#include <algorithm>

#include "engine/run/sequence.hpp"

namespace brim::run {
namespace {

/// Max tokens of a piece: in shorter replays each token sees too little of what it follows from, and of longer ones fewer
/// fit into a quota (ours).
constexpr std::int64_t kPiece = 256;

/// Ends looks also where a piece was interrupted.
class LookingScope {
 public:
  LookingScope(kv::Memory& cache, std::int64_t piece) : cache_(cache) { cache_.begin_looks(piece); }
  ~LookingScope() { cache_.end_looks(); }
  LookingScope(const LookingScope&) = delete;
  LookingScope& operator=(const LookingScope&) = delete;

 private:
  kv::Memory& cache_;
};

}  // namespace

std::int64_t Sequence::document_piece() const noexcept { return std::min<std::int64_t>(memory_.kv.chunk, kPiece); }

std::string Sequence::document_remark() const {
  const kv::Plan& plan = memory_.kv;
  if (plan.budget_bytes >= plan.full_bytes || looked_streams() > 0) return {};
  if (!plan.shape.states.empty()) {
    return sentence("the document is processed once, because layers keep a state in place of entries: kv.keep=",
                    plan.keep, " alone decides what is kept");
  }
  return sentence("the document is processed once, because no layer may keep ", kv::kLookPieces * document_piece(),
                  " entries, room for ", kv::kLookPieces, " pieces of ", document_piece(),
                  " tokens: kv.keep=", plan.keep, " alone decides what is kept");
}

Status Sequence::check_document_rule() const {
  const kv::Plan& plan = memory_.kv;
  if (plan.budget_bytes >= plan.full_bytes || plan.compares_keys() || plan.scores_entries()) return {};
  if (!plan.shape.states.empty() && plan.shape.layers.empty()) return {};
  return error(ErrorCode::invalid_argument,
               "a document in a KV budget needs a rule that keeps a score with each entry: ",
               "expected kv.keep=distinct or kv.keep=learned, found kv.keep=", plan.keep);
}

Status Sequence::look(std::span<const TokenId> ids, const std::atomic<bool>* cancel) {
  const auto roles = std::span(piece_roles_).first(ids.size());  // a piece has at most a chunk's tokens
  std::fill(roles.begin(), roles.end(), kernels::RowRole::prompt);
  const auto tokens = static_cast<std::int64_t>(ids.size());
  const model::SequenceStep step{cache_.get(), rope_.get(), ids, roles, false, nullptr, &inputs_, tokens};
  return executor_->turn().decoder().forward({&step, 1}, cancel);
}

Status Sequence::read_document_pieces(std::span<const TokenId> ids, Reading& reading, const std::atomic<bool>* cancel,
                                      std::span<const kernels::RowRole> roles) {
  const auto pieces = [&](std::size_t at, std::size_t count) {
    return roles.empty() ? Pieces(tokens(), {}, ids.subspan(at, count), {}, memory_.pieces())
                         : Pieces(ids.subspan(at, count), roles.subspan(at, count), memory_.pieces());
  };
  const Recall recall = roles.empty() ? Recall::remember : Recall::replay;
  if (looked_streams() == 0) return read_chunks(pieces(0, ids.size()), recall, reading, cancel, {});
  const LookingScope looking(*cache_, document_piece());
  const auto piece = static_cast<std::size_t>(document_piece());
  for (std::size_t at = 0; at < ids.size(); at += piece) {
    const std::size_t count = std::min(piece, ids.size() - at);
    cache_->make_room(static_cast<std::int64_t>(count));
    BRIM_TRY(read_chunks(pieces(at, count), recall, reading, cancel, {}));
    BRIM_TRY(look(ids.subspan(at, count), cancel));
  }
  return {};
}

Status Sequence::read_document(std::span<const TokenId> ids, const Progress& progress,
                               const std::atomic<bool>* cancel) {
  if (ids.empty()) return {};
  const auto count = static_cast<std::int64_t>(ids.size());
  Reading reading{progress, 0, history_size_ - still_right() + count};
  BRIM_TRY(refresh(reading, cancel));
  const std::int64_t first = tokens();
  BRIM_TRY(read_document_pieces(ids, reading, cancel, {}));
  document_ = {first, first + count};
  cache_->keep_checkpoint();
  (void)reading.report();
  return {};
}

// The history from token `from` on. Of a document that is processed again from its beginning, pieces are looked at
// again; of one whose beginning is still there, only the scores of its end are the rule's.
Status Sequence::process_again(std::int64_t from, Reading& reading, const std::atomic<bool>* cancel) {
  const auto again = [&](std::int64_t first, std::int64_t end, bool document) {
    const auto place = static_cast<std::size_t>(first), count = static_cast<std::size_t>(end - first);
    const auto ids = history().subspan(place, count);
    const auto own = roles().subspan(place, count);
    if (document) return read_document_pieces(ids, reading, cancel, own);
    return read_chunks(Pieces(ids, own, memory_.pieces()), Recall::replay, reading, cancel, {});
  };
  const bool whole = history_start_ == 0 && document_.first >= from && document_.end <= history_size_;
  if (!whole || document_.end == document_.first) return again(from, history_size_, false);
  if (from < document_.first) BRIM_TRY(again(from, document_.first, false));
  BRIM_TRY(again(document_.first, document_.end, true));
  return document_.end < history_size_ ? again(document_.end, history_size_, false) : Status();
}

}  // namespace brim::run

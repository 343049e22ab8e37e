// The C interface, fourth part: calls on several sessions at once.
#include <brim/brim.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <span>

#include "engine/api/handles.hpp"

using brim::ErrorCode;
using brim::Status;
using namespace brim::api;

namespace {

using Result = std::optional<brim::Result<brim::generate::Piece>>;

/// The turns of many sessions. Up to the number that fits in one pass, they need no memory.
class Turns {
 public:
  /// False: the session is inside another call, or occurred before.
  bool take(brim_session& session) {
    const std::size_t at = count_++;
    std::optional<Turn>& turn = at < few_.size() ? few_[at] : many_[at - few_.size()];
    turn.emplace(session, Turn::Kind::change);
    return turn->mine();
  }
  void reserve(std::size_t count) {
    if (count > few_.size()) many_ = std::make_unique<std::optional<Turn>[]>(count - few_.size());
  }

 private:
  std::array<std::optional<Turn>, brim::model::kMaxSequences> few_;
  std::unique_ptr<std::optional<Turn>[]> many_;
  std::size_t count_ = 0;
};

Status check(std::span<brim_session* const> sessions, const brim_piece* pieces, Turns& turns) {
  if (pieces[0].size < sizeof(brim_piece)) {
    return brim::error(ErrorCode::invalid_argument, "pieces[0].size: expected at least ", sizeof(brim_piece),
                       ", found ", pieces[0].size);
  }
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    if (sessions[i] == nullptr) return brim::error(ErrorCode::invalid_argument, "sessions[", i, "] is NULL");
    const auto before = sessions.first(i);
    if (const auto same = std::find(before.begin(), before.end(), sessions[i]); same != before.end()) {
      return brim::error(ErrorCode::invalid_argument, "sessions[", i, "] is sessions[", same - before.begin(),
                         "]: expected different sessions");
    }
    if (!turns.take(*sessions[i])) {
      return brim::error(ErrorCode::wrong_state, "sessions[", i,
                         "] is inside another call: one thread at a time, and no changes from a callback");
    }
    if (&sessions[i]->session->sequence().executor() != &sessions[0]->session->sequence().executor()) {
      return brim::error(ErrorCode::invalid_argument, "sessions[", i, "] belongs to another model than sessions[0]");
    }
  }
  return {};
}

/// The result of one session; the message of a failure is kept by the session.
brim_piece piece_of(brim_session& session, const Result& result) noexcept {
  if (*result) return brim::api::piece_of(**result);
  brim_piece piece{};
  piece.id = -1;
  piece.status = static_cast<std::int32_t>(status_of(result->error().code));
  try {
    session.text = brim::one_line(result->error().sentence);
    piece.text = session.text.c_str();
  } catch (...) {
    piece.text = "there was no memory for the sentence that says why";
  }
  piece.text_size = std::strlen(piece.text);
  return piece;
}

}  // namespace

extern "C" {

brim_status brim_sessions_next(brim_session* const* sessions, size_t count, brim_piece* pieces) {
  return guarded([&]() -> Status {
    if (count == 0) return {};
    if (sessions == nullptr || pieces == nullptr) return null_argument(sessions == nullptr ? "sessions" : "pieces");
    const std::span<brim_session* const> all(sessions, count);
    Turns turns;
    turns.reserve(count);
    BRIM_TRY(check(all, pieces, turns));
    const std::size_t stride = pieces[0].size;
    auto* out = reinterpret_cast<std::byte*>(pieces);
    for (std::size_t first = 0; first < count; first += brim::model::kMaxSequences) {
      const auto group = all.subspan(first, std::min(brim::model::kMaxSequences, count - first));
      std::array<brim::generate::Session*, brim::model::kMaxSequences> own{};
      std::array<Result, brim::model::kMaxSequences> results;
      for (std::size_t i = 0; i < group.size(); ++i) own[i] = group[i]->session.get();
      brim::generate::Session::next_together(std::span(own).first(group.size()),
                                             std::span(results).first(group.size()));
      for (std::size_t i = 0; i < group.size(); ++i, out += stride) {
        brim_piece piece = piece_of(*group[i], results[i]);
        piece.size = stride;
        std::memcpy(out, &piece, sizeof piece);
        log_eviction(*group[i]);
      }
    }
    return {};
  });
}

}  // extern "C"

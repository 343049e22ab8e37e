// Session::next() for several sessions in one pass: which have ended, which tokens each has to process, with drafts
// where they pay, the pass, and then each samples by itself.
#include <algorithm>
#include <array>

#include "engine/base/work_meter.hpp"
#include "engine/generate/session.hpp"
#include "engine/generate/stopwatch.hpp"

namespace brim::generate {

void Session::next_together(std::span<Session* const> sessions, std::span<std::optional<Result<Piece>>> results,
                            PromptPiece* prompt) {
  if (sessions.size() == 1 && prompt == nullptr) {
    results[0] = sessions[0]->next();
    return;
  }
  std::array<run::PassEntry, model::kMaxSequences> entries;
  run::PassEntry piece;
  std::array<std::size_t, model::kMaxSequences> owner{};
  std::size_t count = 0;
  double seconds = 0;
  // Every session has a row for its certain token; drafts share what is left.
  const auto certain =
      std::count_if(sessions.begin(), sessions.end(), [](const Session* s) { return s->pending_ >= 0; });
  std::int64_t spare = run::kMaxTogether - certain;
  {
    const Stopwatch stopwatch(seconds);
    for (std::size_t i = 0; i < sessions.size(); ++i) {
      Session& session = *sessions[i];
      results[i].reset();
      session.work_.restart();
      if (!session.work_.poll()) {
        results[i] = cancelled_error();
      } else if (const std::optional<Piece> last = session.ended()) {
        results[i] = *last;
      } else if (session.pending_ >= 0) {
        auto step =
            session.sequence_->begin_next(session.pending_, 1 + spare, &session.cancel_, static_cast<int>(certain - 1));
        if (!step) {
          results[i] = step.error();
        } else if (!*step) {
          session.note_read();
        } else {
          spare -= static_cast<std::int64_t>((*step)->tokens.size()) - 1;
          owner[count] = i;
          entries[count++] = {session.sequence_.get(), **step, &session.cancel_, true};
        }
      }
    }
    if (prompt != nullptr) {
      piece = prompt->session->begin_piece(*prompt);
      prompt->session->sequence_->executor().step_with_piece(std::span(entries).first(count), piece);
    } else if (count > 0) {
      sessions[owner[0]]->sequence_->executor().step(std::span(entries).first(count));
    }
    for (std::size_t i = 0; i < count; ++i) {
      Session& session = *sessions[owner[i]];
      if (entries[i].status) {
        session.note_read();
      } else {
        session.sequence_->give_up_next();
        results[owner[i]] = entries[i].status.error();
      }
    }
  }
  if (prompt != nullptr) prompt->session->end_piece(*prompt, piece, seconds);
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    Session& session = *sessions[i];
    if (!results[i]) {
      session.timings_.generate_seconds += seconds;  // all waited for the pass
      const Stopwatch stopwatch(session.timings_.generate_seconds);
      results[i] = session.work_.poll() ? session.choose() : Result<Piece>(cancelled_error());
    }
    if (!*results[i] && results[i]->error().code == ErrorCode::cancelled) {
      session.cancel_.store(false, std::memory_order_release);
    }
  }
}

}  // namespace brim::generate

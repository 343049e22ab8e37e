// Session::next() for several sessions in one pass: which have ended, which tokens each has to process, the pass, and
// then each samples by itself.
#include <array>

#include "engine/base/work_meter.hpp"
#include "engine/generate/session.hpp"
#include "engine/generate/stopwatch.hpp"

namespace brim::generate {

void Session::next_together(std::span<Session* const> sessions, std::span<std::optional<Result<Piece>>> results) {
  if (sessions.size() == 1) {
    results[0] = sessions[0]->next();
    return;
  }
  std::array<run::PassEntry, model::kMaxSequences> entries;
  std::array<std::size_t, model::kMaxSequences> owner{};
  std::size_t count = 0;
  double seconds = 0;
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
        // Drafts would be more rows than are multiplied with the same result as a single row.
        auto step = session.sequence_->begin_next(session.pending_, 1, &session.cancel_);
        if (!step) {
          results[i] = step.error();
        } else if (!*step) {
          session.note_read();
        } else {
          owner[count] = i;
          entries[count++] = {session.sequence_.get(), **step, &session.cancel_, true};
        }
      }
    }
    if (count > 0) sessions[owner[0]]->sequence_->executor().step(std::span(entries).first(count));
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

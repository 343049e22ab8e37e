// See generation.hpp.
#include "apps/generation/generation.hpp"

#include "apps/terminal/interrupts.hpp"
#include "apps/terminal/progress_line.hpp"

namespace brim::apps {
namespace {

// Calls `work` again when it was cancelled by a Ctrl-C that arrived too late for the previous work. Returns false when
// Ctrl-C stopped it this time.
template <class Work>
bool unless_interrupted(Work work) {
  while (true) {
    try {
      work();
      return true;
    } catch (const Exception& failure) {
      if (failure.status() != BRIM_CANCELLED) throw;
      if (interrupted()) return false;
    }
  }
}

}  // namespace

bool read_prompt(Session& session, const std::function<void()>& read) {
  ProgressLine line("Processing the prompt", ProgressLine::Unit::tokens, std::chrono::seconds(1));
  session.on_progress([&line](std::int64_t done, std::int64_t total) { return line.advance(done, total); });
  struct Detach {
    Session& session;
    ~Detach() { session.on_progress({}); }
  } detach{session};
  return unless_interrupted(read);
}

void save_session(Session& session, const std::string& path) {
  while (true) {
    try {
      return session.save(path);
    } catch (const Exception& failure) {
      if (failure.status() != BRIM_CANCELLED) throw;
    }
  }
}

Answer generate(Session& session, const std::function<void(std::string_view text, std::int32_t id)>& on_piece) {
  Answer answer;
  while (answer.end == Session::End::not_yet && !answer.interrupted) {
    const bool went_on = unless_interrupted([&] {
      const Session::Piece piece = session.next();
      answer.text += piece.text;
      answer.end = piece.end;
      if (piece.id >= 0) answer.ids.push_back(piece.id);
      try {
        on_piece(piece.text, piece.id);
      } catch (...) {  // the answer ends here; its text so far stays in the session
        session.finish();
        throw;
      }
    });
    if (went_on) continue;
    answer.interrupted = true;
    const std::string held_back = session.finish();
    answer.text += held_back;
    on_piece(held_back, -1);
  }
  return answer;
}

}  // namespace brim::apps

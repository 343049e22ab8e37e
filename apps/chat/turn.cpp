// See turn.hpp.
#include "apps/chat/turn.hpp"

#include "apps/generation/report.hpp"
#include "apps/terminal/error_output.hpp"
#include "apps/terminal/interrupts.hpp"
#include "apps/terminal/output.hpp"

namespace brim::apps {

Answer Turns::take(const std::function<void()>& ask, bool stream, bool show_status) {
  const InterruptScope scope(session_);
  const std::int64_t evicted = session_->stats().evicted;
  Answer answer;
  if (!read_prompt(*session_, ask)) {
    answer.interrupted = true;
    if (show_status) {
      say("");
      say_quietly("stopped: the message was not processed to its end and is dropped");
    }
    return answer;
  }
  OutputStream out;
  answer = generate(*session_, [&](std::string_view text, std::int32_t) {
    if (stream) out.write(text);
  });
  if (stream) out.end_line(true);
  const brim_stats stats = session_->stats();
  if (show_status) {
    std::string line = status_line(stats, evicted);
    if (answer.interrupted) line += " · stopped";
    if (answer.end == Session::End::limit) line += " · limit reached";
    say_quietly(line);
  }
  notices_.give(stats);
  return answer;
}

}  // namespace brim::apps

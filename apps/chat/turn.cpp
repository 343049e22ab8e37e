// See turn.hpp.
#include "apps/chat/turn.hpp"

#include <fmt/format.h>

#include "apps/generation/report.hpp"
#include "apps/terminal/interrupts.hpp"
#include "apps/terminal/output.hpp"
#include "apps/terminal/quantities.hpp"
#include "apps/terminal/style.hpp"

namespace brim::apps {

Answer Turns::take(const std::function<void()>& ask, bool stream, bool show_status) {
  const InterruptScope scope(session_);
  const std::int64_t evicted = session_->stats().evicted;
  Answer answer;
  if (!read_prompt(*session_, ask)) {
    answer.interrupted = true;
    if (show_status) {
      say("");
      say_quietly("stopped: the message was not read to its end and is forgotten");
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
  give_notices(stats);
  return answer;
}

void Turns::give_notices(const brim_stats& stats) {
  if (stats.evicted > 0 && !said_evicting_) {
    said_evicting_ = true;
    if (stats.kv_budget_bytes < stats.kv_full_bytes) {
      say_notice(fmt::format("The conversation has outgrown the {} KV budget: the oldest parts are being\n"
                             "forgotten. A larger --kv-budget remembers more (up to {} here).",
                             bytes_text(stats.kv_budget_bytes), bytes_text(stats.kv_full_bytes)));
    } else {
      say_notice(fmt::format("The conversation has outgrown its context of {} tokens: the oldest parts are\n"
                             "being forgotten.",
                             grouped_text(stats.context)));
    }
  }
  if (trained_ > 0 && stats.position > trained_ && !said_beyond_) {
    said_beyond_ = true;
    say_notice(fmt::format("The conversation is longer than the {} tokens this model was trained for:\n"
                           "answers may get worse.",
                           grouped_text(trained_)));
  }
}

}  // namespace brim::apps

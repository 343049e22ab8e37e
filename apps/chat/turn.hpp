// One turn of a conversation: the question is read, the answer streams to standard output, and standard error says what it
// took and, once, that the conversation has outgrown its memory.
#pragma once

#include <brim/brim.hpp>
#include <functional>
#include <string>

#include "apps/generation/generation.hpp"
#include "apps/generation/notices.hpp"

namespace brim::apps {

/// Remembers which notices were given. Borrows the session; one per conversation.
class Turns {
 public:
  /// `trained_context`: of the model.
  Turns(Session& session, std::int64_t trained_context)
      : session_(&session), notices_("conversation", trained_context) {}

  /// Runs `ask` (which makes the session read) and streams the answer. `show_status`: the line about it afterwards.
  /// Ctrl-C: an answer that is marked interrupted, without ids when it had not begun.
  Answer take(const std::function<void()>& ask, bool stream, bool show_status);
  /// The conversation was cleared or replaced: notices may be given again.
  void forget_notices() { notices_.forget(); }

 private:
  Session* session_;
  Notices notices_;
};

}  // namespace brim::apps

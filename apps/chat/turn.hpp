// One turn of a conversation: the question is processed, the answer streams to standard output, and standard error
// shows the cost and, once, a notice that the conversation has outgrown its memory.
#pragma once

#include <brim/brim.hpp>
#include <functional>
#include <string>

#include "apps/generation/generation.hpp"
#include "apps/generation/notices.hpp"

namespace brim::apps {

/// Records which notices were given. Borrows the session; one instance per conversation.
class Turns {
 public:
  /// `trained_context`: the trained context of the model.
  Turns(Session& session, std::int64_t trained_context)
      : session_(&session), notices_("conversation", trained_context) {}

  /// Runs `ask` (which makes the session process the question) and streams the answer. `show_status`: whether a status
  /// line follows. Ctrl-C: the answer is marked interrupted, and has no ids when it had not begun.
  Answer take(const std::function<void()>& ask, bool stream, bool show_status);
  /// The conversation was cleared or replaced: notices may be given again.
  void reset_notices() { notices_.reset(); }

 private:
  Session* session_;
  Notices notices_;
};

}  // namespace brim::apps

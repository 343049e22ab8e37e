// One question, one answer: for `-p` and for pipes.
#pragma once

#include <brim/brim.hpp>
#include <string>

#include "apps/chat/turn.hpp"

namespace brim::apps {

struct OneShot {
  std::string question;
  bool json = false;
  bool status = false;  ///< a status line on standard error
};

/// The answer goes to standard output. Ctrl-C ends the program after what there is of it.
void answer_once(Session& session, Turns& turns, const OneShot& one_shot);

}  // namespace brim::apps

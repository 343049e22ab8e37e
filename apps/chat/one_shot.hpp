// One question, one answer: for `-p` and for pipes.
#pragma once

#include <brim/brim.hpp>
#include <string>

#include "apps/chat/turn.hpp"

namespace brim::apps {

struct OneShot {
  std::string question;
  bool json = false;
  bool status = false;   ///< a status line on standard error
  bool limited = false;  ///< -n was given; else the answer may fill the rest of the context, at least a quarter
};

/// The answer goes to standard output. Returns false when it was interrupted; the session then has the answer so far.
bool answer_once(Session& session, Turns& turns, const OneShot& one_shot);

}  // namespace brim::apps

// The commands at the prompt: what begins with a slash.
#pragma once

#include <string>

#include "apps/chat/session_file.hpp"
#include "apps/chat/settings.hpp"
#include "apps/chat/turn.hpp"
#include "apps/files/outputs.hpp"

namespace brim::apps {

/// The objects that the commands act on.
struct Conversation {
  const Model& model;
  Session& session;
  Settings& settings;
  Turns& turns;
  SessionFile& file;     ///< of --session
  const Outputs& files;  ///< files that must not be overwritten by saving
  std::string scores;    ///< the file of --kv-scores, for sessions that were saved under kv.keep=learned
};

/// Whether the line is a command and not a message: a slash and a letter, with no second slash in the word ("/usr/bin"
/// is a message).
bool is_slash_command(const std::string& line);

/// Executes the line. Returns false when the conversation should end. A failure is written as one line to standard
/// error.
bool run_slash_command(const std::string& line, Conversation& conversation);

}  // namespace brim::apps

// The commands at the prompt: what begins with a slash.
#pragma once

#include <string>

#include "apps/chat/session_file.hpp"
#include "apps/chat/settings.hpp"
#include "apps/chat/turn.hpp"
#include "apps/files/outputs.hpp"

namespace brim::apps {

/// What the commands act on.
struct Conversation {
  const Model& model;
  Session& session;
  Settings& settings;
  Turns& turns;
  SessionFile& file;  ///< of --session
  const Outputs& files;  ///< what must not be saved over
};

/// Whether the line is a command and no message: a slash and a letter, and no second slash in the word ("/usr/bin" is a
/// message).
bool is_slash_command(const std::string& line);

/// Does what the line says. False when the conversation is to end. Failures become one line on standard error.
bool run_slash_command(const std::string& line, Conversation& conversation);

}  // namespace brim::apps

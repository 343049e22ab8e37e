// See repl.hpp.
#include "apps/chat/repl.hpp"

#include <new>
#include <string>
#include <string_view>

#include "apps/chat/line_editor.hpp"
#include "apps/commands.hpp"
#include "apps/terminal/error_output.hpp"
#include "apps/terminal/interrupts.hpp"

namespace brim::apps {
namespace {

constexpr std::string_view kQuotes = "\"\"\"";

// The rest of a message that began with """. `message` holds the first line without the quotes.
LineEditor::Outcome read_to_quotes(LineEditor& editor, std::string& message) {
  std::string line;
  while (true) {
    const LineEditor::Outcome outcome = editor.read("... ", line);
    if (outcome != LineEditor::Outcome::line) return outcome;
    editor.remember(line);
    message += '\n';
    std::string_view rest = line;
    while (!rest.empty() && (rest.back() == ' ' || rest.back() == '\t')) rest.remove_suffix(1);
    if (rest.ends_with(kQuotes)) {
      rest.remove_suffix(kQuotes.size());
      message += rest;
      return outcome;
    }
    message += line;
  }
}

// Reads one line, or several lines between """ or pasted at once. Text between quotes, or text that begins with several
// pasted lines, is never a command.
LineEditor::Outcome read_message(LineEditor& editor, std::string& message, bool& quoted) {
  std::string line;
  quoted = false;
  LineEditor::Outcome outcome = editor.read("> ", line);
  if (outcome != LineEditor::Outcome::line) return outcome;
  editor.remember(line);
  std::string_view text = line;
  quoted = text.starts_with(kQuotes) && !editor.pasted_lines();
  if (!quoted) {
    quoted = editor.pasted_lines();
    message = line;
    return outcome;
  }
  text.remove_prefix(kQuotes.size());
  if (text.size() >= kQuotes.size() && text.ends_with(kQuotes)) {
    text.remove_suffix(kQuotes.size());
    message = text;
    return outcome;
  }
  message = text;
  outcome = read_to_quotes(editor, message);
  if (message.starts_with('\n')) message.erase(0, 1);  // nothing followed the opening quotes
  return outcome;
}

}  // namespace

void converse(Conversation& conversation) {
  LineEditor editor(history_path());
  bool about_to_leave = false;
  while (true) {
    std::string message;
    bool quoted = false;
    const LineEditor::Outcome outcome = read_message(editor, message, quoted);
    if (outcome == LineEditor::Outcome::ended || asked_to_end()) {
      say("");
      return;
    }
    if (outcome == LineEditor::Outcome::interrupted) {
      if (about_to_leave) {
        say("");
        return;
      }
      about_to_leave = true;
      say("");
      say_quietly("Ctrl-C again, Ctrl-D or /exit to leave.");
      continue;
    }
    about_to_leave = false;
    if (message.find_first_not_of(" \t\n") == std::string::npos) continue;
    if (!quoted && is_slash_command(message)) {
      if (!run_slash_command(message, conversation)) return;
    } else {
      try {
        conversation.turns.take([&] { conversation.session.message("user", message); }, true, true);
      } catch (const Exception& failure) {
        say_notice(failure.what());
      } catch (const std::bad_alloc&) {
        say_notice(std::string(kNoMemory));
      }
      conversation.file.changed();
    }
    conversation.file.keep_or_say(conversation.session);
    if (asked_to_end()) return;
  }
}

}  // namespace brim::apps

// See slash_commands.hpp. The table below is the list of commands; /help prints it.
#include "apps/chat/slash_commands.hpp"

#include <fmt/format.h>

#include <cctype>
#include <cstdlib>
#include <new>

#include "apps/chat/document.hpp"
#include "apps/chat/layer_lines.hpp"
#include "apps/command_line/suggestion.hpp"
#include "apps/commands.hpp"
#include "apps/files/text_file.hpp"
#include "apps/generation/report.hpp"
#include "apps/model_options/load.hpp"
#include "apps/terminal/error_output.hpp"
#include "apps/terminal/interrupts.hpp"
#include "apps/terminal/quantities.hpp"
#include "engine/base/quote.hpp"

namespace brim::apps {
namespace {

/// The path after a command. No shell has seen it, so that ~/ is replaced here.
std::string path_of(const std::string& argument, const char* usage) {
  if (argument.empty()) throw Failure(2, fmt::format("Usage: {}", usage));
  const char* const home = std::getenv("HOME");
  if (argument.starts_with("~/") && home != nullptr && home[0] == '/') return home + argument.substr(1);
  return argument;
}

void help(const std::string& topic, Conversation& conversation);

void set(const std::string& argument, Conversation& conversation) {
  const std::size_t space = argument.find_first_of(" \t=");
  if (space == std::string::npos) throw Failure(2, "Usage: /set NAME VALUE (/show lists the names)");
  const std::size_t value = argument.find_first_not_of(" \t=", space);
  const std::string text = value == std::string::npos ? "" : argument.substr(value);
  say_quietly(conversation.settings.set(conversation.session, argument.substr(0, space), text));
  conversation.file.changed();
}

void show(const std::string& argument, Conversation& conversation) {
  if (!argument.empty()) {
    say(conversation.settings.line(conversation.session, argument));
    return;
  }
  say_what_is_loaded(conversation.model, conversation.session);
  say_quietly(fmt::format("trained for {} tokens", grouped_text(conversation.model.info().context)));
  for (const std::string& line : conversation.settings.lines(conversation.session)) say(line);
}

void clear(const std::string&, Conversation& conversation) {
  conversation.session.clear();
  conversation.file.changed();
  conversation.turns.reset_notices();
  say_quietly("The conversation begins again.");
}

void regenerate(const std::string&, Conversation& conversation) {
  conversation.turns.take([&] { conversation.session.regenerate(); }, true, true);
  conversation.file.changed();
}

bool is_json(const std::string& path) { return path.ends_with(".json"); }

void save(const std::string& argument, Conversation& conversation) {
  const std::string path = path_of(argument, "/save FILE");
  conversation.files.check("/save", path);
  if (!is_json(path)) {
    save_session(conversation.session, path);
    say_quietly(fmt::format("Saved to {}: {} tokens with their memory.", path,
                            grouped_text(conversation.session.stats().tokens)));
    return;
  }
  write_file(path, conversation.session.messages() + "\n", NewFile::Permissions::owner);
  say_quietly(fmt::format("Saved to {}.", path));
}

void load(const std::string& argument, Conversation& conversation) {
  const std::string path = path_of(argument, "/load FILE");
  if (!is_json(path)) {
    Options settings;
    conversation.settings.carry_over(settings);
    if (!conversation.scores.empty()) settings.set("kv.scores", conversation.scores);
    conversation.session = Session::restore(conversation.model, path, settings);
    conversation.file.changed();
    conversation.turns.reset_notices();
    say_quietly(fmt::format("Going on from {}: {} tokens.", path, grouped_text(conversation.session.stats().tokens)));
    return;
  }
  const std::string messages = read_text(path);
  const InterruptScope scope(&conversation.session);
  if (!read_prompt(conversation.session, [&] { conversation.session.load_messages(messages); })) {
    say_quietly("Stopped: the conversation was not processed to its end.");
    return;  // there is no saved session to replace
  }
  conversation.file.changed();
  conversation.turns.reset_notices();
  say_quietly(fmt::format("Loaded {}: {} tokens.", path, grouped_text(conversation.session.stats().tokens)));
}

void stats(const std::string&, Conversation& conversation) {
  const brim_stats now = conversation.session.stats();
  const auto line = [](const char* name, const std::string& text) { say(fmt::format("{:<14}{}", name, text)); };
  line("tokens", fmt::format("{} so far, next position {} of {}", grouped_text(now.tokens), grouped_text(now.position),
                             grouped_text(now.context)));
  line("KV memory", fmt::format("{} of {} in use, {} at most so far", bytes_text(now.kv_bytes),
                                bytes_text(now.kv_budget_bytes), bytes_text(now.kv_peak_bytes)));
  line("without limit", fmt::format("{} for the whole context", bytes_text(now.kv_full_bytes)));
  line("evicted", fmt::format("{} entries over {} layers", grouped_text(now.evicted), now.layers));
  line("beside the KV", fmt::format("{} for activations, logits and history", bytes_text(now.scratch_bytes)));
  line("last prompt", fmt::format("{} tokens, {:.1f} tok/s, {} at a time", grouped_text(now.prompt_tokens),
                                  rate(now.prompt_tokens, now.prompt_seconds), now.chunk));
  line("last answer", fmt::format("{} tokens, {:.1f} tok/s", grouped_text(now.generated_tokens),
                                  rate(now.generated_tokens, now.generate_seconds)));
  line("drafted ahead",
       fmt::format("{} tokens, {} of them right", grouped_text(now.drafted_tokens), grouped_text(now.accepted_tokens)));
  for (const std::string& layer : layer_lines(conversation.session)) say(layer);
}

void kv_memory(const std::string&, Conversation& conversation) {
  const brim_stats now = conversation.session.stats();
  say_quietly(conversation.session.describe());
  say(fmt::format("{} of {} in use, {} at most so far", bytes_text(now.kv_bytes), bytes_text(now.kv_budget_bytes),
                  bytes_text(now.kv_peak_bytes)));
  if (const std::string document = document_line(conversation.session); !document.empty()) say(document);
  for (const std::string& layer : layer_lines(conversation.session)) say(layer);
}

void leave(const std::string&, Conversation&) {}

struct Command {
  const char* name;
  const char* arguments;
  const char* help;
  void (*run)(const std::string& argument, Conversation& conversation);
};

constexpr Command kCommands[] = {
    {"/help", "", "This list; so does /?", help},
    {"/set", "NAME VALUE", "Change a setting: /set temperature 0.7, /set system You are a pirate.", set},
    {"/show", "[NAME]", "The model and all settings, or what one of them means", show},
    {"/clear", "", "Clear the conversation", clear},
    {"/regen", "", "Answer the last message again", regenerate},
    {"/save", "FILE", "Write all there is, to go on from here; FILE.json: what was said, as JSON", save},
    {"/load", "FILE", "Go on from a saved session, or read FILE.json", load},
    {"/kv", "", "What each layer of the KV cache may keep, keeps and has evicted", kv_memory},
    {"/stats", "", "Memory, tokens and speed", stats},
    {"/exit", "", "Leave (so do Ctrl-D and a second Ctrl-C)", leave},
};

void help(const std::string&, Conversation&) {
  for (const Command& command : kCommands) {
    say(fmt::format("{:<17} {}", fmt::format("{} {}", command.name, command.arguments), command.help));
  }
  say(fmt::format("{:<17} {}", "\"\"\"", "Begins a message of several lines, which ends with \"\"\""));
  say(fmt::format("{:<17} {}", "Ctrl-C", "Stops an answer"));
  say("A message that begins with a slash: put a space before it.");
}

}  // namespace

bool is_slash_command(const std::string& line) {
  if (line.starts_with("/?")) return line.find_first_not_of(" \t", 2) == std::string::npos;
  if (line.size() < 2 || line[0] != '/' || std::isalpha(static_cast<unsigned char>(line[1])) == 0) return false;
  const std::string word = line.substr(1, line.find_first_of(" \t") - 1);
  return word.find('/') == std::string::npos;
}

bool run_slash_command(const std::string& line, Conversation& conversation) {
  const std::size_t space = line.find_first_of(" \t");
  std::string name = line.substr(0, space);
  if (name == "/?") name = "/help";
  const std::size_t start = space == std::string::npos ? space : line.find_first_not_of(" \t", space);
  std::string argument = start == std::string::npos ? "" : line.substr(start);
  argument.erase(argument.find_last_not_of(" \t") + 1);
  if (name == "/quit" || name == "/bye") name = "/exit";
  std::vector<std::string> names;
  try {
    for (const Command& command : kCommands) {
      if (name == command.name) {
        if (*command.arguments == '\0' && !argument.empty()) {
          throw Failure(2, fmt::format("{} takes nothing after it, found {}.", name, quoted(argument)));
        }
        command.run(argument, conversation);
        return command.run != leave;
      }
      names.emplace_back(command.name);
    }
    say(fmt::format("There is no command {}.{} /help lists them.", name, did_you_mean(name, names)));
  } catch (const Exception& failure) {
    say(failure.what());
  } catch (const Failure& failure) {
    say(failure.what());
  } catch (const std::bad_alloc&) {
    say(std::string(kNoMemory));
  }
  return true;
}

}  // namespace brim::apps

// `brim chat`: see README.md.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>
#include <optional>

#include "apps/chat/document.hpp"
#include "apps/chat/line_editor.hpp"
#include "apps/chat/one_shot.hpp"
#include "apps/chat/repl.hpp"
#include "apps/chat/session_file.hpp"
#include "apps/command_line/typed_text.hpp"
#include "apps/commands.hpp"
#include "apps/files/outputs.hpp"
#include "apps/generation/generation_options.hpp"
#include "apps/generation/prompt_text.hpp"
#include "apps/model_options/load.hpp"
#include "apps/terminal/error_output.hpp"
#include "apps/terminal/interrupts.hpp"
#include "apps/terminal/output.hpp"
#include "apps/terminal/quantities.hpp"
#include "apps/terminal/style.hpp"
#include "platform/program/standard_streams.hpp"
#include "platform/program/terminal.hpp"

namespace brim::apps {
namespace {

struct ChatOptions : GenerationOptions {
  TemplateOptions chat_template;
  CLI::Option* question_given = nullptr;
  std::string question, system, session, document;
  std::optional<std::int64_t> limit;
};

// The option that reads all of standard input, or null.
const char* reads_standard_input(const ChatOptions& options) {
  const bool system = options.system == "@-", chat_template = options.chat_template.given == "@-";
  if (system && chat_template) throw Failure(2, "--system and --chat-template cannot both read standard input");
  return system ? "--system" : chat_template ? "--chat-template" : nullptr;
}

// The question of a one-shot run: the text of -p together with what is piped in, or else all of standard input when
// that is not a terminal. Empty when a question is expected and there is none.
std::optional<std::string> find_question(const ChatOptions& options) {
  if (const char* const sequence = reads_standard_input(options)) {
    if (*options.question_given) return typed_text(options.question, options.escape);
    throw Failure(2, fmt::format("{} @- reads standard input: the question goes after -p", sequence));
  }
  if (*options.question_given) return with_piped_text(typed_text(options.question, options.escape));
  if (platform::is_terminal(platform::kStandardInput)) {
    if (options.json) throw Failure(2, "--json needs a question: -p TEXT, or one on standard input");
    return std::nullopt;
  }
  return piped_text(Pipe::alone).value_or("");
}

// Loads the saved session if there is one; otherwise starts a new one.
Session open_session(const ChatOptions& options, const SessionFile& file, const Model& model, const Settings& values,
                     std::uint64_t seed) {
  const bool goes_on = file.exists();
  Options settings = creation_options(options.given, options.chat_template);
  const bool keep_seed = goes_on && !options.given.has("seed");
  if (!keep_seed) settings.set("seed", fmt::format("{}", seed));
  values.carry_over(settings);
  return goes_on ? Session::restore(model, options.session, settings) : Session(model, settings);
}

void say_where_it_stands(const ChatOptions& options, const Session& session) {
  const std::int64_t tokens = session.stats().tokens;
  if (tokens > 0) say_quietly(fmt::format("Going on from {}: {} tokens.", options.session, grouped_text(tokens)));
}

/// The files that a conversation reads, which must not be overwritten by saving it.
Outputs files_of(const ChatOptions& options) {
  Outputs files;
  files.reads_model(options.model.path);
  files.reads("the profile being read", options.given.value("kv.profile"));
  files.reads("the scores being read", options.given.value("kv.scores"));
  files.reads("the document", options.document);
  files.reads_text("the system message's file", options.system);
  const std::string& chat_template = options.chat_template.given;
  files.reads("the chat template's file", chat_template.substr(chat_template.starts_with('@') ? 1 : 0));
  files.reads("the history of what was typed (BRIM_HISTORY)", history_path());
  return files;
}

void chat(ChatOptions& options) {
  const Outputs files = files_of(options);
  if (!options.session.empty()) files.check("--session", options.session);
  refuse_idle_options(options.given);
  SessionFile file(options.session);
  if (!options.document.empty() && !file.exists()) choose_document_rule(options.given);
  const std::optional<std::string> question = find_question(options);
  const bool once = question.has_value();
  OneShot one_shot{.question = question.value_or(""),
                   .json = options.json,
                   .status = options.model.verbose || (!options.json && error_is_terminal()),
                   .limited = options.limit.has_value()};
  const std::string document = options.document.empty() ? "" : document_text(options.document);
  const std::string system = typed_text_or_file(options.system, "--system", options.escape);
  catch_interrupts();
  const std::uint64_t seed = chosen_seed(options.given);
  Settings values(with_typed_texts(options.given, options.escape), options.limit, system);
  const Model model = load_model(options.model, options.given);
  Session session = open_session(options, file, model, values, seed);
  // This check is late because problems with the model or an option are more important.
  if (once && one_shot.question.empty()) {
    throw Failure(2, "standard input holds no question (-p TEXT asks one directly)");
  }
  if (!options.session.empty()) {
    const std::size_t coming = once ? model.tokenize(one_shot.question, false, false).size() : 0;
    file.check_size(session, 1 + static_cast<std::int64_t>(coming));
  }

  const brim_model_info info = model.info();
  const bool speaks = !once || options.model.verbose;
  say_beginning(options, model, session, seed, speaks);
  if (speaks) {
    say_where_it_stands(options, session);
    if (info.has_chat_template == 0 && options.chat_template.given.empty()) {
      say_quietly("This model has no chat template: it goes on with your text as it stands.");
    }
  }
  if (!document.empty()) {
    process_document(session, document, options.document, speaks);
    file.changed();
    file.keep_or_say(session);
  }
  Turns turns(session, info.context);
  bool finished = true;
  try {
    if (once) {
      finished = answer_once(session, turns, one_shot);
    } else {
      say_quietly("Write a message, or /help. Ctrl-C stops an answer, Ctrl-D leaves.");
      Conversation conversation{model, session, values, turns, file, files, options.given.value("kv.scores")};
      converse(conversation);
    }
  } catch (const std::exception&) {  // such as a failed write to standard output: the conversation so far is kept
    file.keep_or_say(session);
    throw;
  }
  file.keep(session);
  if (!finished || asked_to_end()) throw Stopped();
}

}  // namespace

void add_chat(CLI::App& parent) {
  CLI::App* command = parent.add_subcommand("chat", "Talk with a model");
  const auto options = std::make_shared<ChatOptions>();
  add_model_options(*command, options->model, options->given);
  add_template_options(*command, options->chat_template);
  const char* group = "Conversation";
  options->question_given =
      command->add_option("-p,--prompt", options->question,
                          "Ask this, print the answer and leave; what is piped in follows it (without -p, it is the "
                          "question)");
  options->question_given->type_name("TEXT")->group(group);
  command->add_option(flags_of("system"), options->system, "The system message, or @FILE with it")
      ->type_name(value_name_of("system"))
      ->group(group);
  command
      ->add_option(
          "--document", options->document,
          "A text to ask about, which is processed before the first message: with a KV budget, what a replay of "
          "the text attends to is kept (--kv-keep distinct or learned, default here: distinct)")
      ->type_name("FILE")
      ->group(group);
  command
      ->add_option(
          "--session", options->session,
          "Go on from this file when it is there, and write it after every answer: KV memory, conversation, settings")
      ->type_name("FILE")
      ->group(group);
  add_limit_option(
      *command, options->limit,
      "Max number of tokens per answer; -1: no limit (default: none at the prompt; of a single question, what is "
      "left of the context)")
      ->group(group);
  command
      ->add_flag("--json", options->json, "With one question: print a JSON object with text, ids, timings, KV memory")
      ->group(group);
  add_escape_option(*command, options->escape, group);
  add_session_groups(*command, *options);
  command->footer(
      "\nExamples:\n"
      "  brim chat model.gguf\n"
      "  brim chat model.gguf --kv-budget 64MiB --system \"Answer in one sentence.\"\n"
      "  brim chat model.gguf -p \"Why is the sky blue?\"\n"
      "  cat letter.txt | brim chat model.gguf -p \"Summarise this letter:\"\n"
      "  brim chat model.gguf --document book.txt --kv-budget 64MiB\n"
      "\nThe history of what you wrote is kept in ~/.local/state/brim\n"
      "(BRIM_HISTORY=FILE moves it, BRIM_HISTORY= turns it off).");
  command->callback([options] { run_command([&] { chat(*options); }); });
}

}  // namespace brim::apps

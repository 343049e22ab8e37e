// `brim run`: see README.md.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>
#include <optional>

#include "apps/command_line/typed_text.hpp"
#include "apps/command_line/unread_input.hpp"
#include "apps/command_line/values.hpp"
#include "apps/commands.hpp"
#include "apps/files/text_file.hpp"
#include "apps/generation/generation.hpp"
#include "apps/generation/generation_options.hpp"
#include "apps/generation/notices.hpp"
#include "apps/generation/prompt_text.hpp"
#include "apps/generation/report.hpp"
#include "apps/model_options/load.hpp"
#include "apps/run/prompt_ids.hpp"
#include "apps/terminal/error_output.hpp"
#include "apps/terminal/interrupts.hpp"
#include "apps/terminal/output.hpp"
#include "platform/program/standard_streams.hpp"
#include "platform/program/terminal.hpp"
#include "platform/program/waiting_input.hpp"

namespace brim::apps {
namespace {

struct RunOptions : GenerationOptions {
  CLI::Option *text_given = nullptr, *file_given = nullptr, *ids_given = nullptr;
  std::string text, file, ids;
  std::int64_t limit = 128;
  bool parse_special = false, ignore_end = false, print_ids = false;
};

Failure not_one_prompt(bool nothing_piped = false) {
  return Failure(2, fmt::format("{}run needs one prompt: -p TEXT, -f FILE, --prompt-ids IDS or a pipe (brim chat "
                                "MODEL.gguf is a conversation)",
                                nothing_piped ? "standard input is empty, and " : ""));
}

// Empty where standard input is not a terminal and holds nothing: errors about the model are reported first.
std::function<void(Session&)> prompt_of(const RunOptions& options) {
  const int prompts = given({options.text_given, options.file_given, options.ids_given});
  const std::optional<std::string> piped = prompts == 0 ? piped_text(Pipe::alone) : std::nullopt;
  if (prompts == 0 && !piped && !platform::is_terminal(platform::kStandardInput)) return {};
  if (prompts + (piped ? 1 : 0) != 1) throw not_one_prompt();
  const bool reads_input = options.file == "-" || options.ids == "@-";
  if (*options.file_given && !reads_input)
    refuse_unread_input("-f names the text (without -f it is read there, after the text of -p)");
  if (*options.ids_given && !reads_input) refuse_unread_input("--prompt-ids has the prompt (@- reads ids there)");
  if (*options.ids_given) {
    const std::vector<std::int32_t> ids = parse_prompt_ids(text_or_file(options.ids, "--prompt-ids"));
    if (ids.empty()) throw Failure(2, "--prompt-ids holds no token id");
    return [ids](Session& session) { session.append(ids); };
  }
  const std::string text = piped                 ? *piped
                           : *options.file_given ? without_last_line_end(read_text(options.file))
                                                 : with_piped_text(typed_text(options.text, options.escape));
  return [text, special = options.parse_special](Session& session) { session.append(text, true, special); };
}

void complete(const RunOptions& options) {
  refuse_idle_options(options.given);
  const std::function<void(Session&)> append_prompt = prompt_of(options);
  catch_interrupts();
  const std::uint64_t seed = chosen_seed(options.given);
  Options settings = creation_options(options.given, {});
  add_session_options(settings, with_typed_texts(options.given, options.escape), seed);
  settings.set("limit", fmt::format("{}", options.limit));
  if (options.ignore_end) settings.set("stop.ignore_eos", "1");
  const Model model = load_model(options.model, options.given);
  Session session(model, settings);
  if (!append_prompt) {
    const platform::InputKind kind = platform::input_kind(platform::kStandardInput);
    throw not_one_prompt(kind == platform::InputKind::pipe || kind == platform::InputKind::file);
  }
  say_beginning(options, model, session, seed, options.model.verbose);

  const InterruptScope scope(&session);
  if (!read_prompt(session, [&] { append_prompt(session); })) throw Stopped();
  OutputStream out;
  bool first = true;
  Answer answer;
  if (options.limit != 0) {
    answer = generate(session, [&](std::string_view text, std::int32_t id) {
      if (options.json) return;
      if (!options.print_ids) {
        out.write(text);
      } else if (id >= 0) {
        out.write(fmt::format("{}{}", first ? "" : " ", id));
        first = false;
      }
    });
  }
  if (options.json) {
    write_output(answer_json(answer, session.stats()));
  } else if (options.print_ids || platform::is_terminal(platform::kStandardOutput)) {
    out.end_line(options.print_ids);
  }
  const brim_stats stats = session.stats();
  if (options.model.verbose) {
    say_quietly(fmt::format("prompt {} tokens, {:.1f} tok/s", stats.prompt_tokens,
                            rate(stats.prompt_tokens, stats.prompt_seconds)));
    say_quietly(status_line(stats, 0));
  }
  Notices("text", model.info().context).give(stats);
  if (answer.interrupted) throw Stopped();
}

}  // namespace

void add_run(CLI::App& parent) {
  CLI::App* command = parent.add_subcommand("run", "Continue a text: plain completion, without a chat template");
  const auto options = std::make_shared<RunOptions>();
  add_model_options(*command, options->model, options->given);
  const char* group = "Prompt and output";
  options->text_given = allow_empty(
      command->add_option("-p,--prompt", options->text, "The text to continue; what is piped in follows it"));
  options->text_given->type_name("TEXT");
  options->file_given = command->add_option(
      "-f,--file", options->file, "A file with the text to continue, less a line end at its end; -: standard input");
  options->file_given->type_name("FILE");
  options->ids_given =
      allow_empty(command->add_option("--prompt-ids", options->ids, "Token ids to continue: 1,2,3 or @FILE"));
  options->ids_given->type_name("IDS");
  for (CLI::Option* option : {options->text_given, options->file_given, options->ids_given}) option->group(group);
  add_limit_option(*command, options->limit,
                   "Max number of tokens to generate; -1: until the model ends (Ctrl-C stops)")
      ->capture_default_str()
      ->group(group);
  command->add_flag(flags_of("stop.ignore_eos"), options->ignore_end, "Go on after an end token")->group(group);
  command
      ->add_flag("--parse-special", options->parse_special, "Read control tokens like <|im_end|> in the prompt as such")
      ->excludes(options->ids_given)
      ->group(group);
  add_escape_option(*command, options->escape, group);
  auto* ids = command->add_flag("--print-ids", options->print_ids, "Print the new token ids instead of their text");
  ids->group(group);
  command->add_flag("--json", options->json, "Print one JSON object at the end: text, ids, timings, KV memory")
      ->excludes(ids)
      ->group(group);
  add_session_groups(*command, *options);
  command->footer(
      "\nExamples:\n"
      "  brim run model.gguf -p \"Once upon a time\" -n 200\n"
      "  brim run model.gguf -f book.txt --kv-budget 64MiB -n 100 --temp 0\n"
      "  brim run model.gguf --prompt-ids 1,450,2 --print-ids --temp 0");
  command->callback([options] { run_command([&] { complete(*options); }); });
}

}  // namespace brim::apps

// `brim render`: see README.md.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "apps/command_line/suggestion.hpp"
#include "apps/command_line/unread_input.hpp"
#include "apps/commands.hpp"
#include "apps/files/text_file.hpp"
#include "apps/model_options/model_options.hpp"
#include "apps/render/time_text.hpp"
#include "apps/render/variables.hpp"
#include "apps/terminal/output.hpp"
#include "engine/base/quote.hpp"
#include "engine/io/gguf.hpp"
#include "engine/model/vocabulary.hpp"
#include "engine/template/chat_template.hpp"

namespace brim::apps {
namespace {

struct RenderChoices {
  std::string model, template_file, builtin, messages, tools, variables, now;
  bool generation_prompt = true;
};

/// A template and the two tokens that it may print.
struct Source {
  std::string text, bos_token, eos_token;
};

std::string token_text(const text::Vocabulary& vocabulary, std::int32_t id) {
  return id >= 0 && static_cast<std::size_t>(id) < vocabulary.tokens.size()
             ? vocabulary.tokens[static_cast<std::size_t>(id)]
             : std::string();
}

std::string builtin_text(const std::string& name) {
  const std::string_view text = templates::builtin_template(name);
  if (text.empty()) {
    const std::string names = templates::builtin_template_names(),
                      suggestion = did_you_mean(name, CLI::detail::split(names, '|'));
    throw Failure(
        2, "--chat-template: " + quoted(name) + " is none of " + names + (suggestion.empty() ? "" : "." + suggestion));
  }
  return std::string(text);
}

Source find_source(const RenderChoices& choices) {
  Source source;
  if (!choices.template_file.empty()) source.text = read_text(choices.template_file);
  if (!choices.model.empty()) {
    const io::Gguf gguf = unwrap(io::Gguf::open(choices.model));
    if (choices.template_file.empty()) source.text = unwrap(model::read_chat_template(gguf));
    const text::Vocabulary vocabulary = unwrap(model::read_vocabulary(gguf));
    source.bos_token = token_text(vocabulary, vocabulary.bos);
    source.eos_token = token_text(vocabulary, vocabulary.eos);
    if (source.text.empty() && choices.builtin.empty() && choices.template_file.empty()) {
      throw Failure(2, choices.model + " has no chat template; choose a built-in one with --chat-template " +
                           templates::builtin_template_names());
    }
  }
  if (!choices.builtin.empty()) source.text = builtin_text(choices.builtin);
  return source;
}

// "a|b" as "a, b", which a help text can wrap.
std::string with_blanks(const std::string& names) { return CLI::detail::find_and_replace(names, "|", ", "); }

void render(const RenderChoices& choices) {
  if (choices.model.empty() && choices.template_file.empty() && choices.builtin.empty()) {
    throw Failure(2, "render needs a template: -m MODEL, --template-file FILE or --chat-template NAME");
  }
  if (choices.messages.empty() == choices.variables.empty()) {
    throw Failure(2, "render needs one of --messages FILE and --vars FILE");
  }
  const std::string input = choices.messages + choices.variables;
  if (choices.template_file == "-" && (input == "-" || choices.tools == "-")) {
    throw Failure(2, "the template and the conversation cannot both come from standard input");
  }
  if (choices.template_file != "-" && input != "-" && choices.tools != "-") {
    refuse_unread_input("files have the template and the conversation (- as a file's name reads it there)");
  }
  templates::RenderOptions options;
  if (!choices.now.empty()) options.now = parse_time(choices.now);
  const Source source = find_source(choices);
  const templates::ChatTemplate chat_template = unwrap(templates::ChatTemplate::parse(source.text));
  const text::JsonTree variables =
      choices.variables.empty() ? conversation_variables(choices.messages, choices.tools, choices.generation_prompt,
                                                         source.bos_token, source.eos_token)
                                : read_variables(choices.variables);
  const Result<std::string> prompt = chat_template.render(variables, options);
  if (!prompt) throw Failure(1, prompt.error().sentence);
  write_output(*prompt);
}

}  // namespace

void add_render(CLI::App& parent) {
  CLI::App* command = parent.add_subcommand("render", "Print the prompt that a chat template makes of a conversation");
  const auto choices = std::make_shared<RenderChoices>();
  command
      ->add_option("-m,--model", choices->model,
                   "A GGUF file: its template and its tokens, or only its tokens where a template is given")
      ->type_name("FILE");
  CLI::Option* file = command->add_option("--template-file", choices->template_file,
                                          "A file with the template's Jinja source; -: standard input");
  file->type_name("FILE");
  command
      ->add_option("--chat-template", choices->builtin,
                   "A built-in template: " + with_blanks(templates::builtin_template_names()))
      ->type_name("NAME")
      ->excludes(file);
  CLI::Option* messages = command->add_option(
      "--messages", choices->messages, "A JSON array of messages, {\"role\": …, \"content\": …}; -: standard input");
  messages->type_name("FILE");
  command->add_option("--tools", choices->tools, "A JSON array of tools for the template's variable `tools`")
      ->type_name("FILE")
      ->needs(messages);
  command
      ->add_flag("!--no-generation-prompt", choices->generation_prompt, "Do not open the assistant's answer at the end")
      ->needs(messages);
  command
      ->add_option("--vars", choices->variables,
                   "One JSON object with every variable the template sees, in place of --messages; -: standard input")
      ->type_name("FILE")
      ->excludes(messages);
  command->add_option("--now", choices->now, "The time that strftime_now shows (default: the clock)")
      ->type_name("2025-07-10T12:00:00");
  command->footer(
      "\nExamples:\n"
      "  brim render model.gguf --messages chat.json\n"
      "  echo '[{\"role\": \"user\", \"content\": \"Hi\"}]' |\n"
      "    brim render --chat-template llama3 --messages -\n"
      "  brim render --template-file mine.jinja --vars all.json --now 2025-07-10");
  command->callback([choices] { render(*choices); });
}

}  // namespace brim::apps

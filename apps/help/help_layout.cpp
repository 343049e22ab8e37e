// See help_layout.hpp.
#include "apps/help/help_layout.hpp"

#include <CLI/CLI.hpp>
#include <sstream>
#include <utility>

#include "apps/command_line/arguments.hpp"

namespace brim::apps {
namespace {

constexpr std::size_t kColumns = 80;

std::string wrapped(const std::string& text, std::size_t room) {
  std::istringstream words(text);
  std::string out, word;
  std::size_t column = 0;
  while (words >> word) {
    if (column > 0 && column + 1 + word.size() > room) {
      out += '\n';
      column = 0;
    } else if (column > 0) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out;
}

std::size_t room_after(std::size_t column) { return kColumns > column + 20 ? kColumns - column : 20; }

}  // namespace

std::string HelpLayout::make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const {
  const std::string text = CLI::Formatter::make_help(app, std::move(name), mode);
  std::string out;
  for (const char letter : text) {  // one empty line between sections
    if (letter != '\n' || !out.ends_with("\n\n")) out += letter;
  }
  return out;
}

std::string HelpLayout::make_description(const CLI::App* app) const {
  return wrapped(app->get_description(), kColumns) + "\n\n";
}

std::string HelpLayout::make_usage(const CLI::App* app, std::string) const {
  if (app->get_parent() == nullptr) {
    return "Usage: brim COMMAND [options]\n"
           "       brim chat model.gguf   talk with a model, which is a GGUF file\n"
           "       brim help COMMAND      what a command takes\n";
  }
  return "Usage: " + usage_of(*app) + "\n";
}

std::string HelpLayout::make_option_name(const CLI::Option* option, bool is_positional) const {
  if (is_positional) return option->get_name(true, false);
  std::string names;
  for (const std::string& name : option->get_snames()) names += (names.empty() ? "-" : ", -") + name;
  for (const std::string& name : option->get_lnames()) names += (names.empty() ? "--" : ", --") + name;
  return names;
}

std::string HelpLayout::make_option_opts(const CLI::Option* option) const {
  std::string text;
  if (option->get_type_size() == 0) return text;
  if (!option->get_type_name().empty()) text += " " + option->get_type_name();
  if (!option->get_default_str().empty()) text += " (" + option->get_default_str() + ")";
  return text;
}

std::string HelpLayout::make_option_desc(const CLI::Option* option) const {
  return wrapped(option->get_description(), room_after(get_column_width()));
}

std::string HelpLayout::make_subcommand(const CLI::App* command) const {
  constexpr std::size_t kNames = 14;
  const std::string name = "  " + command->get_name();
  std::string out = name + std::string(kNames > name.size() ? kNames - name.size() : 1, ' ');
  for (const char letter : wrapped(command->get_description(), room_after(kNames))) {
    out += letter;
    if (letter == '\n') out += std::string(kNames, ' ');
  }
  return out + "\n";
}

}  // namespace brim::apps

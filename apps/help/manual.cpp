// See manual.hpp. Markup: the `man` macros of groff.
#include "apps/help/manual.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <sstream>

#include "apps/command_line/arguments.hpp"

namespace brim::apps {
namespace {

/// Literal text: backslashes and dashes are escaped, and no line is taken for a macro.
std::string plain(const std::string& text) {
  std::string out;
  for (const char letter : text) {
    if (letter == '\\') {
      out += "\\e";
    } else if (letter == '-') {
      out += "\\-";
    } else if ((letter == '.' || letter == '\'') && (out.empty() || out.back() == '\n')) {
      out += std::string("\\&") + letter;
    } else {
      out += letter;
    }
  }
  return out;
}

std::string bold(const std::string& text) { return "\\fB" + plain(text) + "\\fR"; }
std::string slanted(const std::string& text) { return "\\fI" + plain(text) + "\\fR"; }

std::string option_entry(const CLI::Option& option) {
  std::string names;
  for (const std::string& name : option.get_snames()) names += (names.empty() ? "" : ", ") + bold("-" + name);
  for (const std::string& name : option.get_lnames()) names += (names.empty() ? "" : ", ") + bold("--" + name);
  if (names.empty()) names = slanted(option.get_name(true, false));
  if (option.get_type_size() != 0 && !option.get_lnames().empty() && !option.get_type_name().empty()) {
    names += " " + slanted(option.get_type_name());
  }
  std::string text = plain(option.get_description());
  if (!option.get_default_str().empty()) text += plain(fmt::format(" (default: {})", option.get_default_str()));
  return fmt::format(".TP\n{}\n{}\n", names, text);
}

/// The text that follows the options in --help: an example keeps its lines.
std::string footer_text(const std::string& footer) {
  std::istringstream lines(footer);
  std::string line, out;
  bool example = false;
  while (std::getline(lines, line)) {
    const bool indented = line.starts_with(' ');
    if (indented != example) out += indented ? ".nf\n" : ".fi\n";
    example = indented;
    out += line.empty() ? ".PP\n" : plain(line) + "\n";
  }
  return out + (example ? ".fi\n" : "");
}

std::string command_section(CLI::App& command) {
  std::string out =
      fmt::format(".SS {}\n{}.\n.PP\n{}\n", plain(usage_of(command)), plain(command.get_description()), "Options:");
  for (const CLI::Option* option : command.get_options()) {
    if (option != command.get_help_ptr()) out += option_entry(*option);
  }
  if (!command.get_footer().empty()) out += ".PP\n" + footer_text(command.get_footer());
  return out;
}

constexpr const char* kEnd =
    ".SH EXIT STATUS\n"
    ".TP\n\\fB0\\fR\nDone.\n"
    ".TP\n\\fB1\\fR\nThe work failed: not enough memory, output that could not be written.\n"
    ".TP\n\\fB2\\fR\nThe input is wrong: an option, a file, something that Brim does not support.\n"
    ".TP\n\\fB130, 143, 129\\fR\nStopped by SIGINT, SIGTERM or SIGHUP.\n"
    ".SH ENVIRONMENT\n"
    ".TP\n\\fBBRIM_ISA\\fR\nThe strongest instruction set to use: generic, avx2, avx512_vnni, neon.\n"
    ".TP\n\\fBBRIM_HISTORY\\fR\nThe file for the history of brim chat; empty: none is kept.\n"
    ".TP\n\\fBNO_COLOR\\fR\nNo colours, also on a terminal.\n"
    ".SH FILES\n"
    ".TP\n\\fI~/.local/state/brim/chat_history\\fR\nWhat was typed in brim chat.\n"
    ".TP\n\\fI~/.cache/brim\\fR\nWeights that \\fB\\-\\-weights shared\\fR keeps for the next start.\n";

}  // namespace

std::string manual_page(CLI::App& app, const std::string& version) {
  std::string out = fmt::format(".TH BRIM 1 \"\" \"brim {}\" \"User Commands\"\n", version);
  out += fmt::format(".SH NAME\nbrim \\- language models on CPUs inside a KV\\-memory budget\n.SH SYNOPSIS\n.nf\n");
  const std::vector<CLI::App*> commands = app.get_subcommands([](CLI::App*) { return true; });
  for (const CLI::App* command : commands) out += bold(usage_of(*command)) + "\n";
  out += fmt::format(".fi\n.SH DESCRIPTION\n{}\n", plain(app.get_description()));
  out += ".PP\nA model is a GGUF file. Results go to standard output, everything else to standard error.\n";
  out += "An option that is given twice has its last value.\n.SH COMMANDS\n";
  for (CLI::App* command : commands) out += command_section(*command);
  return out + kEnd;
}

}  // namespace brim::apps

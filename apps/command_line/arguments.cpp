// See arguments.hpp.
#include "apps/command_line/arguments.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <optional>
#include <set>

#include "apps/command_line/familiar.hpp"
#include "apps/command_line/model_path.hpp"
#include "apps/command_line/suggestion.hpp"
#include "apps/command_line/values.hpp"
#include "apps/commands.hpp"
#include "apps/terminal/error_output.hpp"
#include "engine/base/quote.hpp"

namespace brim::apps {
namespace {

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() != 0; }
bool is_list(const CLI::Option& option) { return option.get_items_expected_max() > 1; }

bool takes_text(const CLI::Option& option) { return option.get_type_name().starts_with("TEXT"); }

/// "--context", or the name of a positional.
std::string name_of(const CLI::Option& option) {
  return option.get_lnames().empty() ? option.get_name() : "--" + option.get_lnames().front();
}

/// "-c/--context": both spellings, for sentences.
std::string names_of(const CLI::Option& option) {
  if (option.get_snames().empty() || option.get_lnames().empty()) return name_of(option);
  return "-" + option.get_snames().front() + "/--" + option.get_lnames().front();
}

/// Digits, and the characters between them in numbers and lists of numbers: what may follow a short option directly.
bool is_numeric(std::string_view text) {
  return text.find_first_not_of("0123456789.,+-") == std::string_view::npos &&
         text.find_first_of("0123456789") != std::string_view::npos;
}

/// Whether `rest`, which directly follows a short option, looks like its value: -c=64, -pHello, -fbook.txt.
bool may_be_joined(const CLI::Option& option, std::string_view rest) {
  if (rest.starts_with('=')) return true;
  if (takes_text(option)) return rest.size() > 2;
  return option.get_type_name() == "FILE" && rest.find_first_of("./") != std::string_view::npos;
}

std::vector<CLI::App*> commands_of(CLI::App& app) {
  return app.get_subcommands([](CLI::App*) { return true; });
}

std::vector<CLI::Option*> positionals_of(CLI::App& command) {
  return command.get_options([](CLI::Option* option) { return option->get_positional(); });
}

/// Processes the words of one command, from first to last.
class ArgumentParser {
 public:
  ArgumentParser(CLI::App& command, std::vector<std::string> words) : command_(command), words_(std::move(words)) {}

  std::vector<std::string> read();

 private:
  const std::string& word() const { return words_[at_]; }
  CLI::Option* find(const std::string& name) const { return command_.get_option_no_throw(name); }
  std::string see() const { return fmt::format("; brim {} --help lists the options", command_.get_name()); }

  void read_option(const std::string& name, const std::optional<std::string>& attached);
  void read_familiar(const FamiliarOption& entry, const std::string& name, const std::optional<std::string>& attached);
  void read_single_dash();
  void keep(const CLI::Option& option, const std::string& typed, const std::string& value);
  std::string value_of(const CLI::Option* option, const std::string& typed, const std::optional<std::string>& attached);
  [[noreturn]] void refuse_unknown(const std::string& typed) const;
  void place_model();
  void place_kv_types();
  void require_what_is_needed() const;
  void refuse_what_does_not_go_together() const;

  CLI::App& command_;
  std::vector<std::string> words_;
  std::size_t at_ = 0;
  bool help_ = false;
  std::vector<std::string> kept_, positionals_, notices_;
  std::vector<std::string> models_;  ///< given with -m
  std::optional<std::string> key_type_, value_type_;
  std::set<std::string> given_;  ///< long names
};

std::vector<std::string> ArgumentParser::read() {
  bool options_ended = false;
  for (; at_ < words_.size(); ++at_) {
    const std::string& typed = word();
    if (options_ended || typed.size() < 2 || typed[0] != '-') {
      positionals_.push_back(typed);
    } else if (typed == "--") {
      options_ended = true;
    } else if (typed[1] == '-') {
      const std::size_t equals = typed.find('=');
      const std::string name = typed.substr(0, equals);
      read_option(name, equals == std::string::npos ? std::nullopt : std::optional(typed.substr(equals + 1)));
    } else {
      read_single_dash();
    }
    if (help_) return {command_.get_name(), "--help"};
  }
  place_model();
  place_kv_types();
  require_what_is_needed();
  refuse_what_does_not_go_together();
  for (const std::string& notice : notices_) say("brim: " + notice);
  kept_.insert(kept_.begin(), command_.get_name());
  if (!positionals_.empty()) kept_.emplace_back("--");
  kept_.insert(kept_.end(), positionals_.begin(), positionals_.end());
  return kept_;
}

void ArgumentParser::read_single_dash() {
  const std::string typed = word();
  const std::string letter = typed.substr(0, 2), rest = typed.substr(2);
  if (rest.empty()) return read_option(letter, std::nullopt);
  const std::size_t equals = typed.find('=');
  const std::string name = typed.substr(0, equals);
  if (const FamiliarOption* entry = find_familiar_option(name, command_.get_name())) {
    const auto attached = equals == std::string::npos ? std::nullopt : std::optional(typed.substr(equals + 1));
    return read_familiar(*entry, name, attached);
  }
  const CLI::Option* option = find(letter);
  if (option != nullptr && takes_value(*option) && is_numeric(rest)) return read_option(letter, rest);
  refuse_unknown(typed);
}

void ArgumentParser::read_option(const std::string& name, const std::optional<std::string>& attached) {
  const CLI::Option* option = find(name);
  if (option == nullptr) {
    const FamiliarOption* entry = find_familiar_option(name, command_.get_name());
    if (entry == nullptr) refuse_unknown(name);
    return read_familiar(*entry, name, attached);
  }
  if (option == command_.get_help_ptr()) {
    help_ = true;
  } else if (takes_value(*option)) {
    keep(*option, name, value_of(option, name, attached));
  } else if (attached) {
    throw Failure(2, fmt::format("{} takes no value, found {}", name, quoted(*attached)));
  } else {
    kept_.push_back(name);  // as typed: --no-escape is another spelling of --escape with another meaning
    given_.insert(name_of(*option));
  }
}

void ArgumentParser::keep(const CLI::Option& option, const std::string& typed, const std::string& value) {
  if (value.empty() && !allows_empty(*find(typed))) {
    throw Failure(2, fmt::format("{} is empty: expected {}", typed, option.get_type_name()));
  }
  const std::string commas = "," + value + ",";  // CLI11 would drop what is empty between two of them
  if (option.get_delimiter() == ',' && commas.find(",,") != std::string::npos) {
    throw Failure(2, fmt::format("{}: a value is missing in {}", typed, quoted(value)));
  }
  given_.insert(name_of(option));
  if (name_of(option) == "--model") {
    models_.push_back(value);
    return;
  }
  kept_.push_back(name_of(option));
  kept_.push_back(value);
}

// `option` is null for an option of another program.
std::string ArgumentParser::value_of(const CLI::Option* option, const std::string& typed,
                                     const std::optional<std::string>& attached) {
  if (attached) return *attached;
  const std::string expected = option == nullptr ? "value" : option->get_type_name();
  if (at_ + 1 == words_.size()) throw Failure(2, fmt::format("{} needs a value: {} {}", typed, typed, expected));
  const std::string& next = words_[at_ + 1];
  const bool text = option != nullptr && takes_text(*option);
  if (!text && next.size() > 1 && next[0] == '-' && find(next.substr(0, next.find('='))) != nullptr) {
    throw Failure(2, fmt::format("{} needs a value: {} {}, found the option {}", typed, typed, expected, quoted(next)));
  }
  ++at_;
  return next;
}

void ArgumentParser::read_familiar(const FamiliarOption& entry, const std::string& name,
                                   const std::optional<std::string>& attached) {
  using Kind = FamiliarOption::Kind;
  using Takes = FamiliarOption::Takes;
  if (entry.kind == Kind::same || entry.kind == Kind::key_type || entry.kind == Kind::value_type) {
    const CLI::Option* option = find(std::string(entry.text));
    if (option == nullptr) refuse_unknown(name);
    const std::string value = value_of(option, name, attached);
    if (value.empty()) throw Failure(2, fmt::format("{} is empty: expected {}", name, option->get_type_name()));
    if (entry.kind == Kind::same) return keep(*option, name_of(*option), value);
    (entry.kind == Kind::key_type ? key_type_ : value_type_) = value;
    return;
  }
  if (entry.kind == Kind::refused) throw Failure(2, fmt::format("{} is not available: {}", name, entry.text));
  if (entry.takes == Takes::value) {
    value_of(nullptr, name, attached);
  } else if (entry.takes == Takes::may_switch && !attached && at_ + 1 < words_.size()) {
    if (lists("on,off,auto,0,1,true,false,always,never", words_[at_ + 1], ',')) ++at_;
  }
  const std::string notice = fmt::format("{} is ignored: {}", name, entry.text);
  if (std::find(notices_.begin(), notices_.end(), notice) == notices_.end()) notices_.push_back(notice);
}

void ArgumentParser::refuse_unknown(const std::string& typed) const {
  std::vector<std::string> known;
  for (const CLI::Option* option : command_.get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    for (const std::string& name : option->get_snames()) known.push_back("-" + name);
  }
  for (const FamiliarOption& entry : familiar_options()) {
    if (entry.kind != FamiliarOption::Kind::same || find(std::string(entry.text)) == nullptr) continue;
    for (const std::string& name : CLI::detail::split(std::string(entry.names), ',')) {
      if (find_familiar_option(name, command_.get_name()) == &entry) known.push_back(name);
    }
  }
  std::string suggestion = did_you_mean(typed, known);
  const CLI::Option* letter = typed.size() > 2 && typed[1] != '-' ? find(typed.substr(0, 2)) : nullptr;
  if (suggestion.empty() && letter != nullptr && takes_value(*letter) && may_be_joined(*letter, typed.substr(2))) {
    const std::string value = typed.substr(typed[2] == '=' ? 3 : 2);
    suggestion = fmt::format(" Did you mean {} {}?", typed.substr(0, 2), quoted(value));
  }
  throw Failure(2, fmt::format("brim {} has no option {}{}{}", command_.get_name(), quoted(typed),
                               suggestion.empty() ? "" : ".", suggestion.empty() ? see() : suggestion));
}

void ArgumentParser::place_model() {
  const CLI::Option* model = find("--model");
  std::size_t room = 0;
  for (const CLI::Option* option : positionals_of(command_)) {
    if (room < positionals_.size() && positionals_[room].empty()) {
      throw Failure(2, fmt::format("{} is empty: {}", name_of(*option), usage_of(command_)));
    }
    room += static_cast<std::size_t>(std::max(1, option->get_items_expected_max()));
  }
  if (model == nullptr || room > 0) {
    if (positionals_.size() > room) {
      throw Failure(2, fmt::format("unexpected argument {}: {}", quoted(positionals_[room]), usage_of(command_)));
    }
    if (model == nullptr) return;
  }
  const bool several = is_list(*model);
  if (!several && positionals_.size() > 1) {
    throw Failure(2, fmt::format("unexpected argument {}: brim {} takes one model{}", quoted(positionals_[1]),
                                 command_.get_name(), find("--prompt") == nullptr ? "" : "; a prompt goes after -p"));
  }
  if (!several && !positionals_.empty() && !models_.empty() && positionals_.front() != models_.back()) {
    throw Failure(2, fmt::format("two models are given, {} and {} with -m: brim {} takes one",
                                 quoted(positionals_.front()), quoted(models_.back()), command_.get_name()));
  }
  models_.insert(models_.end(), positionals_.begin(), positionals_.end());
  positionals_.clear();
  for (const std::string& path : models_) {
    if (path.empty()) throw Failure(2, "the model's path is empty: expected the path of a GGUF file");
    kept_.emplace_back("--model");
    kept_.push_back(path);
  }
  if (!models_.empty()) given_.insert("--model");
  if (!several && !models_.empty()) check_model_path(models_.back());
}

// llama.cpp has one option for keys and one for values, and each may be a list in a benchmark.
void ArgumentParser::place_kv_types() {
  if (!key_type_ && !value_type_) return;
  if (given_.contains("--kv-type")) {
    throw Failure(2, "--kv-type says how both keys and values are stored: leave out --cache-type-k and --cache-type-v");
  }
  std::string types;
  for (const std::string& key : CLI::detail::split(key_type_.value_or("f16"), ',')) {
    for (const std::string& value : CLI::detail::split(value_type_.value_or("f16"), ',')) {
      types += fmt::format("{}{}{}", types.empty() ? "" : ",", key, key == value ? "" : ":" + value);
    }
  }
  kept_.emplace_back("--kv-type");
  kept_.push_back(types);
}

void ArgumentParser::require_what_is_needed() const {
  std::size_t filled = 0;
  std::string missing;
  bool several = false;
  for (const CLI::Option* option : command_.get_options()) {
    if (!option->get_required()) continue;
    const bool there =
        option->get_lnames().empty() ? filled++ < positionals_.size() : given_.contains(name_of(*option));
    if (there) continue;
    if (name_of(*option) == "--model") {
      throw Failure(
          2, fmt::format("brim {} needs a model: {}, or -m/--model FILE", command_.get_name(), usage_of(command_)));
    }
    several = !missing.empty();
    missing += fmt::format("{}{}", several ? " and " : "", names_of(*option));
  }
  if (!missing.empty())
    throw Failure(2, fmt::format("{} {} missing: {}", missing, several ? "are" : "is", usage_of(command_)));
}

void ArgumentParser::refuse_what_does_not_go_together() const {
  for (const CLI::Option* option : command_.get_options()) {
    if (!given_.contains(name_of(*option))) continue;
    for (const CLI::Option* needed : option->get_needs()) {
      if (given_.contains(name_of(*needed))) continue;
      throw Failure(2, fmt::format("{} does nothing without {}", name_of(*option), names_of(*needed)));
    }
    for (const CLI::Option* other : option->get_excludes()) {
      if (!given_.contains(name_of(*other))) continue;
      throw Failure(2, fmt::format("{} and {} do not go together: leave one out", name_of(*option), name_of(*other)));
    }
  }
}

}  // namespace

CLI::App& find_command(CLI::App& app, const std::string& name) {
  std::vector<std::string> known;
  for (CLI::App* command : commands_of(app)) {
    if (command->get_name() == name) return *command;
    known.push_back(command->get_name());
  }
  known.emplace_back("version");
  if (const std::string_view text = familiar_command(name); !text.empty()) {
    throw Failure(2, fmt::format("there is no command {}: {}", quoted(name), text));
  }
  std::error_code ignored;
  if (name.find('.') != std::string::npos && std::filesystem::exists(name, ignored)) {
    throw Failure(2, fmt::format("{} is a file, not a command: brim chat MODEL.gguf talks with a model", quoted(name)));
  }
  const std::string suggestion = did_you_mean(name, known);
  throw Failure(2, fmt::format("there is no command {}{}", quoted(name),
                               suggestion.empty() ? "; brim --help lists them" : "." + suggestion));
}

std::vector<std::string> read_arguments(CLI::App& app, const std::vector<std::string>& words) {
  if (words.empty() || words[0] == "-h" || words[0] == "--help") return {"--help"};
  const std::string& first = words[0];
  if (first == "--version" || first == "-V" || first == "version") return {"--version"};
  if (first.empty() || first[0] == '-') {
    const std::string suggestion = did_you_mean(first, {"--help", "--version"});
    throw Failure(2, fmt::format("expected a command, found {}{}", quoted(first),
                                 suggestion.empty() ? ": brim chat MODEL.gguf, say; brim --help lists the commands"
                                                    : "." + suggestion));
  }
  CLI::App& command = find_command(app, first);
  return ArgumentParser(command, {words.begin() + 1, words.end()}).read();
}

std::string usage_of(const CLI::App& command) {
  std::string usage = "brim " + command.get_name();
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_positional()) continue;
    const std::string name = option->get_name(true, false);
    usage += option->get_required() ? " " + name : " [" + name + "]";
  }
  const CLI::Option* model = command.get_option_no_throw("--model");
  if (model != nullptr) usage += model->get_required() ? " MODEL.gguf" : " [MODEL.gguf]";
  return usage + " [options]";
}

void settle_repetition(CLI::App& app) {
  for (CLI::App* command : commands_of(app)) {
    for (CLI::Option* option : command->get_options()) {
      if (option->get_positional()) continue;
      if (is_list(*option)) {
        option->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
      } else if (option != command->get_help_ptr()) {
        option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
      }
    }
  }
}

}  // namespace brim::apps

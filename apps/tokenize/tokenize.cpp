// `brim tokenize`: see README.md.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/command_line/typed_text.hpp"
#include "apps/command_line/unread_input.hpp"
#include "apps/command_line/values.hpp"
#include "apps/commands.hpp"
#include "apps/model_options/model_options.hpp"
#include "apps/run/prompt_ids.hpp"
#include "apps/terminal/output.hpp"
#include "apps/terminal/printable.hpp"
#include "engine/base/quote.hpp"
#include "engine/io/gguf.hpp"
#include "engine/model/vocabulary.hpp"
#include "engine/text/tokenizer.hpp"

namespace brim::apps {
namespace {

struct TokenizeOptions {
  CLI::Option *text_given = nullptr, *file_given = nullptr, *ids_given = nullptr;
  std::string model, text, file, ids;
  bool escape = true;
  bool add_special = true, parse_special = true, pieces = false, json = false;
};

// Pieces longer than those of any vocabulary are cut in listings.
constexpr std::size_t kMaxShown = 200;

text::Tokenizer open_tokenizer(const std::string& path) {
  const io::Gguf gguf = unwrap(io::Gguf::open(path));
  return unwrap(text::Tokenizer::create(unwrap(model::read_vocabulary(gguf))));
}

std::string in_json(const std::vector<TokenId>& ids, const text::Tokenizer& tokenizer, bool pieces) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const TokenId id : ids) {
    if (pieces) {
      list.push_back({{"id", id}, {"piece", tokenizer.piece(id, true)}});
    } else {
      list.push_back(id);
    }
  }
  // A piece may end inside a character: bytes that are not UTF-8 become U+FFFD here.
  return printable_json(list.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

std::string in_lines(const std::vector<TokenId>& ids, const text::Tokenizer& tokenizer) {
  std::string lines;
  for (const TokenId id : ids) {
    lines += fmt::format("{}\t{}\n", id, std::string(quoted(tokenizer.piece(id, true), kMaxShown)));
  }
  return lines;
}

void encode(const TokenizeOptions& options) {
  const std::string text = *options.file_given ? read_file(options.file) : typed_text(options.text, options.escape);
  const text::Tokenizer tokenizer = open_tokenizer(options.model);
  const std::vector<TokenId> ids =
      unwrap(tokenizer.encode(text, {.add_special = options.add_special, .parse_special = options.parse_special}));
  if (options.json) return write_output(in_json(ids, tokenizer, options.pieces) + "\n");
  if (options.pieces) return write_output(in_lines(ids, tokenizer));
  write_output(fmt::format("{}\n", fmt::join(ids, " ")));
}

void decode(const TokenizeOptions& options) {
  const std::vector<std::int32_t> ids = parse_prompt_ids(text_or_file(options.ids, "--detokenize"), "--detokenize");
  const text::Tokenizer tokenizer = open_tokenizer(options.model);
  for (const std::int32_t id : ids) {
    if (id >= tokenizer.size()) {
      throw Failure(
          2, fmt::format("--detokenize: {} is not among the {} tokens of {}", id, tokenizer.size(), options.model));
    }
  }
  write_output(tokenizer.decode(ids, true));
}

// --NAME and --no-NAME for a setting that is on by default. Neither is valid for `decoding`.
void add_switch(CLI::App& command, const std::string& name, bool& value, const std::string& on, const std::string& off,
                CLI::Option* decoding) {
  CLI::Option* keep = command.add_flag("--" + name, on);
  keep->excludes(decoding);
  command
      .add_flag_callback(
          "--no-" + name, [&value] { value = false; }, off)
      ->excludes(keep)
      ->excludes(decoding);
}

void tokenize(const TokenizeOptions& options) {
  if (given({options.text_given, options.file_given, options.ids_given}) != 1) {
    throw Failure(2, "tokenize needs one of -p TEXT, -f FILE and --detokenize IDS");
  }
  if (options.file != "-" && options.ids != "@-") {
    refuse_unread_input(*options.ids_given    ? "--detokenize has the ids (@- reads them there)"
                        : *options.file_given ? "-f names the text (-f - reads it there)"
                                              : "-p is the text (-f - reads it there)");
  }
  if (*options.ids_given) {
    decode(options);
  } else {
    encode(options);
  }
}

}  // namespace

void add_tokenize(CLI::App& parent) {
  CLI::App* command = parent.add_subcommand("tokenize", "Show the token ids of a text, or the text of token ids");
  const auto options = std::make_shared<TokenizeOptions>();
  command->add_option("-m,--model", options->model, "A GGUF file; one that holds only a vocabulary will do")
      ->type_name("FILE")
      ->required();
  options->text_given = allow_empty(command->add_option("-p,--prompt", options->text, "The text to tokenize"));
  options->text_given->type_name("TEXT");
  options->file_given = command->add_option("-f,--file", options->file, "A file with the text; -: standard input");
  options->file_given->type_name("FILE");
  options->ids_given =
      allow_empty(command->add_option("--detokenize", options->ids,
                                      "Print what these ids stand for, control tokens shown and nothing "
                                      "added: 1,2,3 or @FILE"));
  add_escape_option(*command, options->escape, "Options");
  add_switch(*command, "add-special", options->add_special,
             "Add the BOS and EOS tokens that the model's prompts carry (the default)", "Leave them out",
             options->ids_given);
  add_switch(*command, "parse-special", options->parse_special,
             "Read control tokens like <|im_end|> in the text as such (the default)", "Read them as plain text",
             options->ids_given);
  CLI::Option* pieces = command->add_flag("--pieces", options->pieces, "Show each token's text too, one token a line");
  CLI::Option* json =
      command->add_flag("--json", options->json, "Print a JSON array of ids; with --pieces, of objects");
  options->ids_given->type_name("IDS")->excludes(pieces)->excludes(json);
  command->footer(
      "\nExamples:\n"
      "  brim tokenize model.gguf -p \"Once upon a time\"\n"
      "  brim tokenize model.gguf -f book.txt --no-add-special --json\n"
      "  brim tokenize model.gguf --detokenize 1,9038,2501");
  command->callback([options] { tokenize(*options); });
}

}  // namespace brim::apps

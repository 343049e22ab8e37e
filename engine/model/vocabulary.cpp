// See vocabulary.hpp.
#include "engine/model/vocabulary.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/quote.hpp"
#include "engine/model/tokenizer_keys.hpp"

namespace brim::model {
namespace {

constexpr std::uint64_t kMaxTokens = std::uint64_t{1} << 30;

std::string key_of(std::string_view name) { return "tokenizer.ggml." + std::string(name); }

Error wrong_key(const io::Gguf& gguf, const std::string& key, const std::string& found, const std::string& expected) {
  return error(ErrorCode::bad_file, gguf.path(), ": key ", quoted(key), " has ", found, ", expected ", expected);
}

Error wrong_type(const io::Gguf& gguf, const std::string& key, const std::string& expected) {
  return wrong_key(gguf, key, "the type " + io::type_text(*gguf.find(key)), expected);
}

// The array under `key`, or nullptr when the key is absent.
Result<const io::Array*> array_at(const io::Gguf& gguf, const std::string& key, const char* expected) {
  const io::Value* value = gguf.find(key);
  const io::Array* none = nullptr;
  if (value == nullptr) return none;
  const io::Array* array = value->as_array();
  if (array == nullptr) return wrong_type(gguf, key, expected);
  if (array->count > kMaxTokens) return wrong_key(gguf, key, sentence(array->count, " entries"), "at most 2^30");
  return array;
}

Result<std::vector<std::string>> strings_at(const io::Gguf& gguf, const std::string& key) {
  BRIM_ASSIGN(const io::Array* array, array_at(gguf, key, "an array of strings"));
  if (array == nullptr) {
    return error(ErrorCode::bad_file, gguf.path(), " has no key ", quoted(key), " (expected an array of strings)");
  }
  if (array->element != io::ValueType::string) return wrong_type(gguf, key, "an array of strings");
  return std::vector<std::string>(array->strings.begin(), array->strings.end());
}

// Numbers of an optional array that has one entry per token; nothing when the key is absent.
Result<std::optional<std::vector<double>>> numbers_at(const io::Gguf& gguf, const std::string& key, std::size_t count) {
  BRIM_ASSIGN(const io::Array* array, array_at(gguf, key, "an array of numbers"));
  if (array == nullptr) return std::optional<std::vector<double>>();
  if (array->count != count) {
    return wrong_key(gguf, key, sentence(array->count, " entries"), sentence(count, ", one per token"));
  }
  if (array->element == io::ValueType::string || array->element == io::ValueType::array) {
    return wrong_type(gguf, key, "an array of numbers");
  }
  std::vector<double> numbers(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::optional<double> number = io::array_element(*array, i).as_number();
    if (!number) return wrong_type(gguf, key, "an array of numbers");
    numbers[i] = *number;
  }
  return std::optional(std::move(numbers));
}

text::TokenType token_type(double number) {
  const int type = number >= 0 && number <= 6 ? static_cast<int>(number) : 0;
  return static_cast<text::TokenType>(type);
}

// The special ids: the metadata's names, and what they set. The last three are older names of others.
struct SpecialId {
  std::string_view name;
  std::int32_t text::Vocabulary::*id;
};
constexpr SpecialId kSpecialIds[] = {
    {"bos_token_id", &text::Vocabulary::bos},
    {"eos_token_id", &text::Vocabulary::eos},
    {"eot_token_id", &text::Vocabulary::eot},
    {"eom_token_id", &text::Vocabulary::eom},
    {"unknown_token_id", &text::Vocabulary::unknown},
    {"seperator_token_id", &text::Vocabulary::separator},  // GGUF spells it so
    {"padding_token_id", &text::Vocabulary::padding},
    {"fim_pre_token_id", &text::Vocabulary::fim_prefix},
    {"fim_suf_token_id", &text::Vocabulary::fim_suffix},
    {"fim_mid_token_id", &text::Vocabulary::fim_middle},
    {"fim_pad_token_id", &text::Vocabulary::fim_padding},
    {"fim_rep_token_id", &text::Vocabulary::fim_repository},
    {"fim_sep_token_id", &text::Vocabulary::fim_separator},
    {"prefix_token_id", &text::Vocabulary::fim_prefix},
    {"suffix_token_id", &text::Vocabulary::fim_suffix},
    {"middle_token_id", &text::Vocabulary::fim_middle},
};
constexpr std::string_view kEndIdLists[] = {"eos_token_ids", "eog_token_ids"};
constexpr std::string_view kSuppressed = "suppress_tokens";

// The rules for whole texts.
struct Rule {
  std::string_view name;
  bool text::Vocabulary::*value;
};
constexpr Rule kRules[] = {
    {"add_bos_token", &text::Vocabulary::add_bos},
    {"add_eos_token", &text::Vocabulary::add_eos},
    {"add_space_prefix", &text::Vocabulary::add_space_prefix},
    {"remove_extra_whitespaces", &text::Vocabulary::remove_extra_whitespaces},
};
// The rest of what is read.
constexpr std::string_view kTables[] = {"model", "pre", "tokens", "scores", "token_type", "merges", kSuppressed};

bool is_token(std::size_t tokens, std::int64_t id) { return id >= 0 && static_cast<std::uint64_t>(id) < tokens; }

bool is_token(const text::Vocabulary& vocabulary, std::int64_t id) { return is_token(vocabulary.tokens.size(), id); }

std::string expected_id(std::size_t tokens) { return sentence("a token id from 0 to ", tokens - 1); }

Status read_id(const io::Gguf& gguf, const text::Vocabulary& vocabulary, std::string_view name, std::int32_t& id) {
  if (!is_token(vocabulary, id)) id = -1;
  const std::string key = key_of(name);
  const io::Value* value = gguf.find(key);
  if (value == nullptr) return {};
  const std::optional<std::int64_t> number = value->as_integer();
  const bool integer = number.has_value() || value->type == io::ValueType::u64;
  if (!integer) return wrong_type(gguf, key, "an integer");
  if (number && is_token(vocabulary, *number)) id = static_cast<std::int32_t>(*number);
  return {};
}

// Whether an id under this name is one of the vocabulary's.
bool names_token(const io::Gguf& gguf, const text::Vocabulary& vocabulary, std::string_view name) {
  const io::Value* value = gguf.find(key_of(name));
  const std::optional<std::int64_t> number = value ? value->as_integer() : std::nullopt;
  return number && is_token(vocabulary, *number);
}

Status read_ids(const io::Gguf& gguf, const text::Vocabulary& vocabulary, std::string_view name,
                std::vector<std::int32_t>& ids) {
  const std::string key = key_of(name);
  BRIM_ASSIGN(const io::Array* array, array_at(gguf, key, "an array of integers"));
  if (array == nullptr) return {};
  if (array->element == io::ValueType::string || array->element == io::ValueType::array) {
    return wrong_type(gguf, key, "an array of integers");
  }
  for (std::uint64_t i = 0; i < array->count; ++i) {
    const std::optional<std::int64_t> number = io::array_element(*array, i).as_integer();
    if (number && is_token(vocabulary, *number)) ids.push_back(static_cast<std::int32_t>(*number));
  }
  return {};
}

Status read_special_ids(const io::Gguf& gguf, text::Vocabulary& vocabulary) {
  for (const auto& [name, id] : kSpecialIds) BRIM_TRY(read_id(gguf, vocabulary, name, vocabulary.*id));
  vocabulary.names_bos = names_token(gguf, vocabulary, "bos_token_id");
  vocabulary.names_eos = names_token(gguf, vocabulary, "eos_token_id");
  for (const std::string_view name : kEndIdLists)
    BRIM_TRY(read_ids(gguf, vocabulary, name, vocabulary.end_of_generation));
  return {};
}

// BOS or EOS is to be added to texts, and the file does not say which token it is.
Error nothing_to_add(const io::Gguf& gguf, const text::Vocabulary& vocabulary, std::string_view name,
                     std::string_view what) {
  const io::Value* value = gguf.find(key_of(name));
  const std::string purpose = sentence(", because ", what, " is to be added to texts");
  if (value == nullptr) {
    return error(ErrorCode::bad_file, gguf.path(), " has no key ", quoted(key_of(name)), ", expected ",
                 expected_id(vocabulary.tokens.size()), purpose);
  }
  return error(ErrorCode::bad_file, gguf.path(), ": key ", quoted(key_of(name)), " is ", io::shown(*value),
               ", expected ", expected_id(vocabulary.tokens.size()), purpose);
}

Status read_rules(const io::Gguf& gguf, text::Vocabulary& vocabulary) {
  for (const auto& [name, rule] : kRules) {
    BRIM_ASSIGN(vocabulary.*rule, gguf.boolean(key_of(name), vocabulary.*rule));
  }
  // A pre-tokenizer that usually adds BOS cannot where the file names none.
  if (vocabulary.bos < 0 && gguf.find(key_of("add_bos_token")) == nullptr) vocabulary.add_bos = false;
  if (vocabulary.add_bos && vocabulary.bos < 0) return nothing_to_add(gguf, vocabulary, "bos_token_id", "BOS");
  if (vocabulary.add_eos && vocabulary.eos < 0) return nothing_to_add(gguf, vocabulary, "eos_token_id", "EOS");
  return {};
}

}  // namespace

Result<text::Vocabulary> read_vocabulary(const io::Gguf& gguf) {
  BRIM_ASSIGN(const std::string model, gguf.string(key_of("model"), std::nullopt));
  BRIM_ASSIGN(const std::string pre, gguf.string(key_of("pre"), std::string()));
  auto defaults = text::default_vocabulary(model, pre);
  if (!defaults) return error(defaults.error().code, gguf.path(), ": ", defaults.error().sentence);
  text::Vocabulary vocabulary = std::move(defaults).value();
  BRIM_ASSIGN(vocabulary.name, gguf.string("general.name", std::string()));
  BRIM_ASSIGN(vocabulary.tokens, strings_at(gguf, key_of("tokens")));
  const std::size_t count = vocabulary.tokens.size();
  if (count == 0) return wrong_key(gguf, key_of("tokens"), "no entries", "at least one");
  BRIM_ASSIGN(const auto scores, numbers_at(gguf, key_of("scores"), count));
  if (scores) {
    if (std::any_of(scores->begin(), scores->end(), [](double score) { return std::isnan(score); })) {
      return wrong_key(gguf, key_of("scores"), "a value that is not a number", "numbers");
    }
    vocabulary.scores.assign(scores->begin(), scores->end());
  }
  BRIM_ASSIGN(const auto types, numbers_at(gguf, key_of("token_type"), count));
  if (types) {
    vocabulary.types.reserve(count);
    for (const double type : *types) vocabulary.types.push_back(token_type(type));
  }
  if (model != "llama") {
    BRIM_ASSIGN(vocabulary.merges, strings_at(gguf, key_of("merges")));
  }
  BRIM_TRY(read_ids(gguf, vocabulary, kSuppressed, vocabulary.suppressed));
  BRIM_TRY(refuse_tokenizer_keys(gguf, model != "gpt2"));
  BRIM_TRY(read_special_ids(gguf, vocabulary));
  BRIM_TRY(read_rules(gguf, vocabulary));
  return vocabulary;
}

bool reads_tokenizer_key(std::string_view name) {
  return std::ranges::find(kSpecialIds, name, &SpecialId::name) != std::end(kSpecialIds) ||
         std::ranges::find(kRules, name, &Rule::name) != std::end(kRules) ||
         std::ranges::find(kEndIdLists, name) != std::end(kEndIdLists) ||
         std::ranges::find(kTables, name) != std::end(kTables);
}

std::vector<std::string> ignored_token_ids(const io::Gguf& gguf, std::size_t tokens) {
  std::vector<std::string> found;
  const auto ignored = [&](const std::optional<std::int64_t>& id) { return !id || !is_token(tokens, *id); };
  for (const SpecialId& special : kSpecialIds) {
    const std::string key = key_of(special.name);
    const io::Value* value = gguf.find(key);
    if (value == nullptr || !ignored(value->as_integer())) continue;
    found.push_back(
        sentence("key ", quoted(key), " is ", io::shown_for_integer(*value), ", expected ", expected_id(tokens)));
  }
  for (const std::string_view name : {kEndIdLists[0], kEndIdLists[1], kSuppressed}) {
    const std::string key = key_of(name);
    const io::Value* value = gguf.find(key);
    const io::Array* array = value != nullptr ? value->as_array() : nullptr;
    if (array == nullptr || array->element == io::ValueType::string || array->element == io::ValueType::array) continue;
    std::uint64_t count = 0, first = 0;
    for (std::uint64_t i = array->count; i-- > 0;) {
      if (!ignored(io::array_element(*array, i).as_integer())) continue;
      ++count;
      first = i;
    }
    if (count == 0) continue;
    found.push_back(sentence(
        "key ", quoted(key), ": element ", first, " is ", io::shown_for_integer(io::array_element(*array, first)),
        count > 1 ? sentence(" (", count - 1, " more are wrong)") : "", ", expected ", expected_id(tokens)));
  }
  return found;
}

Result<std::string> read_chat_template(const io::Gguf& gguf) {
  return gguf.string("tokenizer.chat_template", std::string());
}

Result<std::string> read_tool_template(const io::Gguf& gguf) {
  return gguf.string("tokenizer.chat_template.tool_use", std::string());
}

}  // namespace brim::model

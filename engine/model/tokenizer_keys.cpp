// See tokenizer_keys.hpp.
#include "engine/model/tokenizer_keys.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "engine/base/quote.hpp"
#include "engine/model/vocabulary.hpp"

namespace brim::model {
namespace {

constexpr std::string_view kPrefix = "tokenizer.ggml.";

// What the tokenizers do, which a file may confirm but not change.
struct FixedRule {
  std::string_view name;
  bool value;
  bool everywhere;  ///< also in vocabularies of bytes
};
constexpr FixedRule kFixedRules[] = {
    {"escape_whitespaces", true, false},
    {"treat_whitespace_as_suffix", false, false},
    {"normalizer.lowercase", false, true},
    {"normalizer.strip_accents", false, true},
};
// They change nothing here: roles of tokens in encoders, the separator between the two texts of a pair, the size of a
// table that decoders do not have, notes of older converters.
constexpr std::string_view kHarmlessKeys[] = {
    "cls_token_id", "mask_token_id", "add_sep_token", "token_type_count", "added_tokens",
};
// Normalisation that other programs leave out too: most texts are as the normaliser would have them, so it is a warning.
constexpr std::string_view kNormalizer = "normalizer.";
constexpr std::string_view kCharacterMap = "precompiled_charsmap";

bool is_off(std::string_view name, const io::Value& value) {
  if (name != kCharacterMap && !name.starts_with(kNormalizer)) return false;
  if (const io::Array* array = value.as_array()) return array->count == 0;
  if (const auto text = value.as_string()) return text->empty() || *text == "identity";
  const auto flag = value.as_bool();
  return flag ? !*flag : value.as_number() == 0;
}

const FixedRule* fixed_rule(std::string_view name) {
  const auto* const found = std::ranges::find(kFixedRules, name, &FixedRule::name);
  return found == std::end(kFixedRules) ? nullptr : found;
}

}  // namespace

Status refuse_tokenizer_keys(const io::Gguf& gguf, bool space_marks) {
  for (const auto& [name, expected, everywhere] : kFixedRules) {
    const std::string key = std::string(kPrefix) + std::string(name);
    const io::Value* value = gguf.find(key);
    if (value == nullptr || !(space_marks || everywhere)) continue;
    const auto flag = value->as_bool();
    if (flag ? *flag == expected : value->as_number() == (expected ? 1 : 0)) continue;
    return error(ErrorCode::unsupported, gguf.path(), ": key ", quoted(key), " is ",
                 flag ? sentence(*flag) : io::shown(*value), ", and Brim's tokenizers support only ", expected);
  }
  return {};
}

std::vector<std::string> unknown_tokenizer_keys(const io::Gguf& gguf) {
  std::vector<std::string> unknown;
  for (const io::Gguf::Entry& entry : gguf.metadata()) {
    if (!entry.key.starts_with(kPrefix)) continue;
    const std::string_view name = entry.key.substr(kPrefix.size());
    const bool known = reads_tokenizer_key(name) || fixed_rule(name) != nullptr ||
                       std::ranges::find(kHarmlessKeys, name) != std::end(kHarmlessKeys) || is_off(name, entry.value);
    if (!known) unknown.emplace_back(entry.key);
  }
  return unknown;
}

}  // namespace brim::model

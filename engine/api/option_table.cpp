// See option_table.hpp.
#include "engine/api/option_table.hpp"

#include <algorithm>

namespace brim::api {
namespace {

using enum OptionType;

constexpr OptionLine kOptions[] = {
#define INTEGER(field, low, high) .type = integer, .minimum = low, .maximum = high
#define NUMBER(field, low, high) .type = number, .lowest = low, .highest = high
#define FLAG(field) .type = flag
#define CHOICE(field, words) .type = choice, .choices = words
#define SIZE(field, high, expected) .type = size, .minimum = 1, .maximum = high
#define TEXT(field, expected) .type = text
#define TEXTS(field, expected) .type = text, .repeatable = true
#define SPECIAL(field, function) .type = special
#define SPECIALS(field, function) .type = special, .repeatable = true
// Types reach LINE expanded, as several arguments; what stands around them is handed over first.
#define LINE(name, when, text, flag_names, shown, block, needed, said, ...) \
  {.key = name,                                                             \
   .scope = OptionScope::when,                                              \
   __VA_ARGS__,                                                             \
   .default_text = text,                                                    \
   .flags = flag_names,                                                     \
   .value_name = shown,                                                     \
   .group = block,                                                          \
   .needs = needed,                                                         \
   .sentence = said},
#define MODEL_OPTION(key, type, text, flags, value, group, sentence) \
  LINE(key, model, text, flags, value, group, "", sentence, type)
#define FIXED_OPTION(key, type, text, flags, value, group, needs, sentence) \
  LINE(key, creation, text, flags, value, group, needs, sentence, type)
#define SESSION_OPTION(key, change, type, text, flags, value, group, needs, sentence) \
  LINE(key, session, text, flags, value, group, needs, sentence, type)
#include "engine/api/options.def"
};

}  // namespace

std::span<const OptionLine> option_table() { return kOptions; }

const OptionLine* find_option(std::string_view key) {
  const auto* const found = std::ranges::find(kOptions, key, &OptionLine::key);
  return found == std::end(kOptions) ? nullptr : found;
}

}  // namespace brim::api

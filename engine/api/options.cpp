// See options.hpp.
#include "engine/api/options.hpp"

#include <algorithm>
#include <set>

#include "engine/api/option_values.hpp"
#include "engine/base/quote.hpp"

namespace brim::api {
namespace {

using generate::SessionOptions;

/// One option: how its value gets into `Target`. `clear` removes all values of one that may be given several times; null for others.
template <class Target>
struct Setter {
  std::string_view key;
  Status (*set)(Target& options, std::string_view key, const std::string& value);
  void (*clear)(Target& options);
  Change change = Change::sampling;
  bool fixed = false;  ///< when the session is created; `change` has no meaning then
};

// What the types of options.def expand to: how a value is set, and how all of them are removed.
#define SET(call) [](auto& options, std::string_view key, const std::string& value) -> Status { return call; }
#define CLEAR(field) [](auto& options) { options.field.clear(); }
#define INTEGER(field, minimum, maximum) SET(set_integer(key, value, minimum, maximum, options.field)), nullptr
#define NUMBER(field, lowest, highest) SET(set_number(key, value, options.field)), nullptr
#define FLAG(field) SET(set_flag(key, value, options.field)), nullptr
#define CHOICE(field, words) SET(set_choice(key, value, words, options.field)), nullptr
#define SIZE(field, maximum, expected) SET(set_size(key, value, maximum, expected, options.field)), nullptr
#define TEXT(field, expected) SET(set_text(key, value, expected, options.field)), nullptr
#define TEXTS(field, expected) SET(add_text(key, value, expected, options.field)), CLEAR(field)
#define SPECIAL(field, function) SET(function(key, value, options.field)), nullptr
#define SPECIALS(field, function) SET(function(key, value, options.field)), CLEAR(field)

#define MODEL_OPTION(key, type, ...) {key, type},
#define FIXED_OPTION(...)
#define SESSION_OPTION(...)
constexpr Setter<ModelOptions> kModelSetters[] = {
#include "engine/api/options.def"
};

#undef MODEL_OPTION
#undef FIXED_OPTION
#undef SESSION_OPTION
#define MODEL_OPTION(...)
#define FIXED_OPTION(key, type, ...) {key, type, Change::sampling, true},
#define SESSION_OPTION(key, change, type, ...) {key, type, Change::change, false},
constexpr Setter<SessionOptions> kSessionSetters[] = {
#include "engine/api/options.def"
};

// The words of CHOICE are indices into these; its numbers are literals, because other tools parse options.def as text.
static_assert(static_cast<int>(model::WeightMemory::own) == 0 && static_cast<int>(model::WeightMemory::file) == 2);
static_assert(static_cast<int>(kv::HeadSelection::together) == 0 && static_cast<int>(kv::HeadSelection::apart) == 1);
static_assert(kv::kLargestContext == 2147483647 && run::kMaxTogether - 1 == 15);

const Setter<SessionOptions>* find_setter(std::string_view key) {
  const auto* const found = std::ranges::find(kSessionSetters, key, &Setter<SessionOptions>::key);
  return found == std::end(kSessionSetters) ? nullptr : found;
}

Error unknown(std::string_view kind, std::string_view key) {
  return error(ErrorCode::invalid_argument, "unknown ", kind, " ", quoted(key));
}

std::string repeatable_keys() {
  std::string keys;
  for (const auto& setter : kSessionSetters) {
    if (setter.clear != nullptr) keys += (keys.empty() ? "" : " and ") + std::string(setter.key);
  }
  return keys;
}

}  // namespace

Result<bool> fixed_at_creation(std::string_view key, const std::string& value) {
  const Setter<SessionOptions>* const setter = find_setter(key);
  if (setter == nullptr || !setter->fixed) return false;
  SessionOptions unused;
  BRIM_TRY(setter->set(unused, key, value));
  return true;
}

bool repeatable(std::string_view key) {
  const Setter<SessionOptions>* const setter = find_setter(key);
  return setter != nullptr && setter->clear != nullptr;
}

OptionList last_values(const OptionList& list) {
  OptionList kept;
  std::set<std::string_view> seen;
  for (auto option = list.rbegin(); option != list.rend(); ++option) {
    if (repeatable(option->first) || seen.insert(option->first).second) kept.push_back(*option);
  }
  std::reverse(kept.begin(), kept.end());
  return kept;
}

Result<Change> change_option(SessionOptions& options, std::string_view key, const std::string& value) {
  const Setter<SessionOptions>* const setter = find_setter(key);
  if (setter == nullptr) return unknown("option", key);
  if (setter->fixed) {
    BRIM_ASSIGN([[maybe_unused]] const bool valid, fixed_at_creation(key, value));
    return error(ErrorCode::invalid_argument, "option ", key, " is fixed when a session is created");
  }
  BRIM_TRY(setter->set(options, key, value));
  if (setter->change == Change::sampling) BRIM_TRY(generate::check_numbers(options.sampling, value));
  return setter->change;
}

Result<Change> clear_option(SessionOptions& options, std::string_view key) {
  const Setter<SessionOptions>* const setter = find_setter(key);
  if (setter == nullptr || setter->clear == nullptr) {
    return error(ErrorCode::invalid_argument, "option ", quoted(key), " cannot be removed: only ", repeatable_keys(),
                 ", which may be given several times, can");
  }
  setter->clear(options);
  return setter->change;
}

Result<ModelOptions> model_options(const OptionList& list) {
  ModelOptions options;
  for (const auto& [key, value] : list) {
    const auto* const setter = std::ranges::find(kModelSetters, key, &Setter<ModelOptions>::key);
    if (setter == std::end(kModelSetters)) return unknown("model option", key);
    BRIM_TRY(setter->set(options, key, value));
  }
  return options;
}

Result<SessionOptions> session_options(const OptionList& list) {
  SessionOptions options;
  for (const auto& [key, value] : list) {
    const Setter<SessionOptions>* const setter = find_setter(key);
    if (setter != nullptr && setter->fixed) {
      BRIM_TRY(setter->set(options, key, value));
    } else {
      BRIM_ASSIGN([[maybe_unused]] const Change change, change_option(options, key, value));
    }
  }
  return options;
}

Result<OptionList> with_model_defaults(const OptionList& list, const model::ModelFile& file) {
  OptionList both;
  SessionOptions unused;
  for (const auto& [key, value] : file.sampling) {
    if (const auto change = change_option(unused, key, value); !change) {
      return error(ErrorCode::bad_file, file.path,
                   " has a default for sampling that is not valid (general.sampling): ", change.error().sentence);
    }
    both.emplace_back(key, value);
  }
  both.insert(both.end(), list.begin(), list.end());
  return both;
}

Result<SessionOptions> saved_session_options(const OptionList& list, const std::string& name) {
  OptionList options;
  std::string profile;
  for (const auto& [key, value] : list) {
    if (key == "kv.profile" || key == "kv.scores") {
      return error(ErrorCode::bad_file, name, " cannot be restored: it names a file, ", quoted(value), " (", key,
                   "), and expected is that it names none: save the session again with this Brim");
    }
    if (key == kSavedProfile) {
      profile = value;
    } else {
      options.emplace_back(key, value);
    }
  }
  Result<SessionOptions> settings = session_options(options);
  if (!settings) return error(settings.error().code, name, " cannot be restored: ", settings.error().sentence);
  settings->sequence.profile_text = std::move(profile);
  return settings;
}

}  // namespace brim::api

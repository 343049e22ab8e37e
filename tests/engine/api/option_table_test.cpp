// options.def compared with what it describes: its ranges are the enforced ones, its defaults are those of the structs.
#include "engine/api/option_table.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "engine/api/options.hpp"
#include "engine/base/number_text.hpp"

using namespace brim;
using api::OptionLine;
using api::OptionScope;
using api::OptionType;

namespace {

/// Whether the option accepts the value, and the error where it does not.
std::string refusal(const OptionLine& line, const std::string& value) {
  const api::OptionList list = {{std::string(line.key), value}};
  if (line.scope == OptionScope::model) {
    const auto options = api::model_options(list);
    return options ? "" : options.error().sentence;
  }
  const auto options = api::session_options(list);
  return options ? "" : options.error().sentence;
}

bool names(const std::string& sentence, const OptionLine& line) { return sentence.find(line.key) != std::string::npos; }

}  // namespace

TEST_CASE("every option has its own key and its own flags, and a sentence without an end") {
  std::set<std::string_view> keys, flags;
  for (const OptionLine& line : api::option_table()) {
    CAPTURE(line.key);
    CHECK(keys.insert(line.key).second);
    CHECK(api::find_option(line.key) == &line);
    CHECK_FALSE(line.sentence.empty());
    CHECK_FALSE(line.sentence.ends_with('.'));
    for (std::string_view rest = line.flags; !rest.empty();) {
      const std::string_view flag = rest.substr(0, rest.find(','));
      CHECK(flag.starts_with('-'));
      CHECK(flags.insert(flag).second);
      rest.remove_prefix(std::min(rest.size(), flag.size() + 1));
    }
    CHECK((line.group.empty() || !line.flags.empty()));
  }
  CHECK(keys.size() > 35);
  CHECK(api::find_option("colour") == nullptr);
}

TEST_CASE("what an option needs is an option that is off by default") {
  for (const OptionLine& line : api::option_table()) {
    for (std::string_view rest = line.needs; !rest.empty();) {
      const std::string_view key = rest.substr(0, rest.find(' '));
      CAPTURE(key);
      const OptionLine* const needed = api::find_option(key);
      REQUIRE(needed != nullptr);
      // The commands take the default of an option that another one needs for "off".
      const std::string off(needed->default_text);
      const bool says_so = needed->sentence.find(off + ": off") != std::string_view::npos ||
                           needed->sentence.find(off + " is off") != std::string_view::npos;
      CHECK(says_so);
      rest.remove_prefix(std::min(rest.size(), key.size() + 1));
    }
  }
}

TEST_CASE("the ranges of whole numbers, sizes and numbers are those that are enforced") {
  for (const OptionLine& line : api::option_table()) {
    CAPTURE(line.key);
    if (line.type == OptionType::number) {
      for (const double value : {line.lowest, line.highest}) CHECK(refusal(line, number_text(value)) == "");
      const double below = line.lowest - std::max(0.01, std::abs(line.lowest) / 100);
      const double above = line.highest + std::max(0.01, std::abs(line.highest) / 100);
      for (const double value : {below, above}) CHECK(names(refusal(line, number_text(value)), line));
    } else if (line.type == OptionType::integer || line.type == OptionType::size) {
      CHECK(refusal(line, std::to_string(line.minimum)) == "");
      CHECK(refusal(line, std::to_string(line.maximum)) == "");
      CHECK(names(refusal(line, std::to_string(line.minimum - 1)), line));
      CHECK(names(refusal(line, std::to_string(line.maximum) + "0"), line));
      if (line.maximum + 1 != 0) CHECK(names(refusal(line, std::to_string(line.maximum + 1)), line));
    }
  }
}

TEST_CASE("choices and flags: each word, and no other") {
  for (const OptionLine& line : api::option_table()) {
    CAPTURE(line.key);
    for (std::string_view rest = line.choices; !rest.empty();) {
      const std::string_view word = rest.substr(0, rest.find('|'));
      CHECK(refusal(line, std::string(word)) == "");
      rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    }
    if (line.type == OptionType::flag) CHECK(refusal(line, "1") == "");
    if (line.type == OptionType::flag || line.type == OptionType::choice) CHECK(names(refusal(line, "perhaps"), line));
  }
  CHECK(refusal(*api::find_option("weights"), "gold") ==
        "option weights: expected private, shared or file, found 'gold'");
  CHECK(refusal(*api::find_option("spec.type"), "gold") == "option spec.type: expected none or ngram, found 'gold'");
  CHECK(api::model_options({{"weights", "shared"}})->memory == model::WeightMemory::shared);
  CHECK(api::model_options({{"weights", "file"}})->memory == model::WeightMemory::file);
  CHECK(api::session_options({{"kv.heads", "apart"}})->sequence.heads == kv::HeadSelection::apart);
  CHECK(api::session_options({{"spec.type", "ngram"}})->sequence.speculation.ngram);
}

TEST_CASE("the defaults are those of the structs") {
  api::OptionList all;
  int phrases = 0;
  for (const OptionLine& line : api::option_table()) {
    if (line.default_text.empty() || line.scope == OptionScope::model) continue;
    if (refusal(line, std::string(line.default_text)).empty()) {
      all.emplace_back(line.key, line.default_text);
    } else {  // a numeric default is a number, unless it depends on something
      CAPTURE(line.key);
      CHECK(line.default_text.find(' ') != std::string_view::npos);
      ++phrases;
    }
  }
  // context, kv.budget, kv.split, seed: where the value is a text, the default may be any phrase.
  CHECK(phrases == 4);
  const auto given = api::session_options(all);
  REQUIRE(given.ok());
  const generate::SessionOptions none;
  CHECK(given->sampling == none.sampling);
  CHECK(given->limit == none.limit);
  CHECK(given->ignore_end_tokens == none.ignore_end_tokens);
  CHECK(given->max_message_bytes == none.max_message_bytes);
  CHECK((given->sequence.type == none.sequence.type));
  CHECK(given->sequence.keep == none.sequence.keep);
  CHECK(given->sequence.reading.sparse == none.sequence.reading.sparse);
  CHECK(given->sequence.heads == none.sequence.heads);
  CHECK(given->sequence.checkpoints == none.sequence.checkpoints);
  CHECK(given->sequence.speculation.ngram == none.sequence.speculation.ngram);
  CHECK(given->sequence.speculation.draft_max == none.sequence.speculation.draft_max);
  CHECK(api::model_options({{"weights", std::string(api::find_option("weights")->default_text)}})->memory ==
        api::ModelOptions().memory);
}

TEST_CASE("when an option may be given is what its line says") {
  for (const OptionLine& line : api::option_table()) {
    if (line.scope == OptionScope::model) continue;
    CAPTURE(line.key);
    generate::SessionOptions options;
    std::string value(line.default_text);
    if (!refusal(line, value).empty())
      value = line.key == "logit_bias"  ? "5+1"
              : line.key == "kv.budget" ? "full"
              : line.key == "kv.split"  ? "auto"
                                        : "1";
    const auto changed = api::change_option(options, line.key, value);
    CHECK(changed.ok() == (line.scope == OptionScope::session));
    CHECK(*api::fixed_at_creation(line.key, value) == (line.scope == OptionScope::creation));
    CHECK(api::repeatable(line.key) == line.repeatable);
    CHECK(api::clear_option(options, line.key).ok() == line.repeatable);
  }
}

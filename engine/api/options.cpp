// See options.hpp.
#include "engine/api/options.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>

#include "engine/base/number_text.hpp"
#include "engine/base/quote.hpp"
#include "engine/base/size_text.hpp"

namespace brim::api {
namespace {

using generate::SamplingOptions;
using generate::SessionOptions;

constexpr std::size_t kLargestPool = std::size_t{1} << 62;

constexpr std::size_t kLargestMessage = std::size_t{1} << 30;  // what the tokenizer takes

Error bad_value(std::string_view key, const std::string& value, std::string_view expected) {
  return error(ErrorCode::invalid_argument, "option ", key, ": expected ", expected, ", found ", quoted(value));
}

Error of_key(std::string_view key, const Error& wrong) {
  return error(wrong.code, "option ", key, ": ", wrong.sentence);
}

template <class Integer>
Status set_integer(std::string_view key, const std::string& value, Integer least, Integer most, Integer& out) {
  const std::optional<Integer> parsed = parse_integer<Integer>(value);
  if (!parsed || *parsed < least || *parsed > most) {
    return bad_value(key, value, sentence("a whole number from ", least, " to ", most));
  }
  out = *parsed;
  return {};
}

Status set_number(std::string_view key, const std::string& value, double& out) {
  const std::optional<double> parsed = parse_number(value);
  if (!parsed) return bad_value(key, value, "a number");
  out = *parsed;
  return {};
}

Status parse_flag(std::string_view key, const std::string& value, bool& out) {
  if (value == "1" || value == "true" || value == "on" || value == "yes") return out = true, Status();
  if (value == "0" || value == "false" || value == "off" || value == "no") return out = false, Status();
  return bad_value(key, value, "1 or 0");
}

// "15043+2.5", "15043-inf", "15043-1"
Status parse_bias(std::string_view key, const std::string& value, SamplingOptions& sampling) {
  constexpr double kLargestBias = 1e30;  // far beyond any logit, and a float can hold it
  const auto refuse = [&] {
    return bad_value(key, value, "ID+BIAS, ID-BIAS or ID-inf with a token id and a bias of at most 1e30");
  };
  const std::size_t sign = value.find_first_of("+-");
  if (sign == std::string::npos) return refuse();
  const std::optional<std::int32_t> id = parse_integer<std::int32_t>(value.substr(0, sign));
  const std::string amount = value.substr(sign + 1);
  if (!id || amount.starts_with('-')) return refuse();
  std::optional<double> bias = parse_number(amount);
  if (bias && *bias > kLargestBias) return refuse();
  if (amount == "inf" && value[sign] == '-') bias = std::numeric_limits<double>::infinity();
  if (!bias) return refuse();
  sampling.logit_bias.emplace_back(*id, static_cast<float>(value[sign] == '-' ? -*bias : *bias));
  return {};
}

struct NumberKey {
  std::string_view key;
  double SamplingOptions::*field;
};
constexpr NumberKey kNumbers[] = {
    {"temperature", &SamplingOptions::temperature},
    {"top_p", &SamplingOptions::top_p},
    {"min_p", &SamplingOptions::min_p},
    {"typical_p", &SamplingOptions::typical_p},
    {"xtc_probability", &SamplingOptions::xtc_probability},
    {"xtc_threshold", &SamplingOptions::xtc_threshold},
    {"repeat_penalty", &SamplingOptions::repeat_penalty},
    {"frequency_penalty", &SamplingOptions::frequency_penalty},
    {"presence_penalty", &SamplingOptions::presence_penalty},
    {"dry_multiplier", &SamplingOptions::dry_multiplier},
    {"dry_base", &SamplingOptions::dry_base},
    {"mirostat_tau", &SamplingOptions::mirostat_tau},
    {"mirostat_eta", &SamplingOptions::mirostat_eta},
};

struct IntegerKey {
  std::string_view key;
  int SamplingOptions::*field;
  int least, most;  // what generate::check allows
};
constexpr int kMaxInt = std::numeric_limits<int>::max();
constexpr IntegerKey kIntegers[] = {
    {"top_k", &SamplingOptions::top_k, -1, kMaxInt},
    {"repeat_last_n", &SamplingOptions::penalty_last_n, -1, kMaxInt},
    {"dry_allowed_length", &SamplingOptions::dry_allowed_length, 1, 1 << 20},
    {"dry_penalty_last_n", &SamplingOptions::dry_penalty_last_n, -1, kMaxInt},
    {"mirostat", &SamplingOptions::mirostat, 0, 2},
};

// Whether `key` is a sampling option; its value is checked for form here, for range by generate::check.
Result<bool> set_sampling(SamplingOptions& sampling, std::string_view key, const std::string& value) {
  for (const NumberKey& number : kNumbers) {
    if (number.key != key) continue;
    BRIM_TRY(set_number(key, value, sampling.*number.field));
    return true;
  }
  for (const IntegerKey& integer : kIntegers) {
    if (integer.key != key) continue;
    BRIM_TRY(set_integer(key, value, integer.least, integer.most, sampling.*integer.field));
    return true;
  }
  if (key == "seed") {
    BRIM_TRY(set_integer<std::uint64_t>(key, value, 0, std::numeric_limits<std::uint64_t>::max(), sampling.seed));
    return true;
  }
  if (key == "logit_bias") {
    BRIM_TRY(parse_bias(key, value, sampling));
    return true;
  }
  return false;
}

// Keys fixed when a session is created. False when `key` is none of them.
Result<bool> set_memory(SessionOptions& options, std::string_view key, const std::string& value) {
  generate::ReaderOptions& reader = options.reader;
  if (key == "context") {
    BRIM_TRY(set_integer<std::int64_t>(key, value, 1, kv::kLargestContext, reader.context));
  } else if (key == "kv.budget") {
    BRIM_ASSIGN(reader.budget, kv::parse_budget(value));
  } else if (key == "kv.type") {
    const auto types = kernels::parse_kv_types(value);
    if (!types) return bad_value(key, value, kernels::kKvTypesForm);
    reader.type = *types;
  } else if (key == "kv.split") {
    const Result<const kv::Split*> split = kv::split_named(value, kv::product_policies());
    if (!split) return of_key(key, split.error());
    reader.split = *split;
  } else if (key == "kv.profile") {
    if (value.empty()) return bad_value(key, value, "the path of a file");
    reader.profile_path = value;
  } else if (key == "kv.keep") {
    const Result<const kv::Rule*> rule = kv::rule_named(value, kv::product_policies());
    if (!rule) return of_key(key, rule.error());
    reader.keep = *rule;
  } else if (key == "kv.read") {
    BRIM_ASSIGN(reader.reading, kv::parse_reading(value));
  } else if (key == "kv.heads") {
    BRIM_ASSIGN(reader.heads, kv::parse_head_selection(value));
  } else if (key == "spec.type") {
    if (value != "none" && value != "ngram") return bad_value(key, value, "none or ngram");
    reader.speculation.ngram = value == "ngram";
  } else if (key == "spec.draft_max") {
    BRIM_TRY(set_integer(key, value, 1, generate::kMostTogether - 1, reader.speculation.draft_max));
  } else if (key == "chat.template") {
    if (value.empty()) return bad_value(key, value, "the name of a built-in template or Jinja source");
    options.chat_template = value;
  } else {
    return false;
  }
  return true;
}

}  // namespace

Result<bool> fixed_at_creation(std::string_view key, const std::string& value) {
  SessionOptions unused;
  return set_memory(unused, key, value);
}

bool repeatable(std::string_view key) { return key == "stop" || key == "logit_bias"; }

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
  BRIM_ASSIGN(const bool sampling, set_sampling(options.sampling, key, value));
  if (sampling) {
    // Each bias is checked once, when it comes: a list of thousands is not gone over for every one of them.
    if (key == "logit_bias") {
      const auto& [id, bias] = options.sampling.logit_bias.back();
      BRIM_TRY(generate::check_bias(id, bias));
    } else {
      BRIM_TRY(generate::check_numbers(options.sampling, value));
    }
    return Change::sampling;
  }
  if (key == "stop") {
    if (value.empty()) return bad_value(key, value, "a text of at least one character");
    options.stops.push_back(value);
    return Change::stops;
  }
  if (key == "stop.ignore_eos") {
    BRIM_TRY(parse_flag(key, value, options.ignore_end_tokens));
    return Change::end_tokens;
  }
  if (key == "limit") {
    BRIM_TRY(set_integer<std::int64_t>(key, value, -1, std::numeric_limits<std::int64_t>::max(), options.limit));
    return Change::limit;
  }
  if (key == "system") {
    options.system = value;
    return Change::system;
  }
  if (key == "max_message_bytes") {
    const Result<std::size_t> size = parse_size(value);
    if (!size || *size == 0 || *size > kLargestMessage) return bad_value(key, value, "a size up to 1GiB: 16MiB");
    options.max_message_bytes = static_cast<std::int64_t>(*size);
    return Change::max_message;
  }
  BRIM_ASSIGN(const bool at_creation, fixed_at_creation(key, value));
  if (at_creation) {
    return error(ErrorCode::invalid_argument, "option ", key, " is fixed when a session is created");
  }
  return error(ErrorCode::invalid_argument, "unknown option ", quoted(key));
}

Result<Change> clear_option(SessionOptions& options, std::string_view key) {
  if (key == "stop") {
    options.stops.clear();
    return Change::stops;
  }
  if (key == "logit_bias") {
    options.sampling.logit_bias.clear();
    return Change::sampling;
  }
  return error(ErrorCode::invalid_argument, "option ", quoted(key),
               " cannot be removed: only stop and logit_bias, which may be given several times, can");
}

Result<ModelOptions> model_options(const OptionList& list) {
  ModelOptions options;
  for (const auto& [key, value] : list) {
    if (key == "threads") {
      BRIM_TRY(set_integer(key, value, 1, 512, options.threads));
    } else if (key == "weights") {
      if (value != "private" && value != "shared" && value != "file") {
        return bad_value(key, value, "private, shared or file");
      }
      options.memory = value == "private"  ? model::WeightMemory::own
                       : value == "shared" ? model::WeightMemory::shared
                                           : model::WeightMemory::file;
    } else if (key == "kv.pool") {
      const Result<std::size_t> size = parse_size(value);
      if (!size) return error(ErrorCode::invalid_argument, "option ", key, ": ", size.error().sentence);
      if (*size == 0 || *size > kLargestPool) return bad_value(key, value, "a size from 1 byte to 4 EiB, such as 256MiB");
      options.kv_pool = static_cast<std::int64_t>(*size);
    } else {
      return error(ErrorCode::invalid_argument, "unknown model option ", quoted(key));
    }
  }
  return options;
}

Result<SessionOptions> session_options(const OptionList& list) {
  SessionOptions options;
  for (const auto& [key, value] : list) {
    BRIM_ASSIGN(const bool at_creation, set_memory(options, key, value));
    if (at_creation) continue;
    BRIM_ASSIGN([[maybe_unused]] const Change change, change_option(options, key, value));
  }
  return options;
}

Result<SessionOptions> saved_session_options(const OptionList& list, const std::string& name) {
  OptionList options;
  std::string profile;
  for (const auto& [key, value] : list) {
    if (key == "kv.profile") {
      return error(ErrorCode::bad_file, name, " cannot be restored: it names a file, ", quoted(value),
                   " (kv.profile), and expected is the profile itself: save the session again with this Brim");
    }
    if (key == kSavedProfile) {
      profile = value;
    } else {
      options.emplace_back(key, value);
    }
  }
  Result<SessionOptions> settings = session_options(options);
  if (!settings) return error(settings.error().code, name, " cannot be restored: ", settings.error().sentence);
  settings->reader.profile_text = std::move(profile);
  return settings;
}

}  // namespace brim::api

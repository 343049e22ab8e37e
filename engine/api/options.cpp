// See options.hpp.
#include "engine/api/options.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "engine/base/quote.hpp"
#include "engine/base/size_text.hpp"

namespace brim::api {
namespace {

using generate::SamplingOptions;
using generate::SessionOptions;

Error bad_value(std::string_view key, const std::string& value, std::string_view expected) {
  return error(ErrorCode::invalid_argument, "option ", key, ": expected ", expected, ", found ", quoted(value));
}

template <class Integer>
Status parse_integer(std::string_view key, const std::string& value, Integer least, Integer most, Integer& out) {
  Integer parsed{};
  const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), parsed);
  if (failure != std::errc() || end != value.data() + value.size() || parsed < least || parsed > most) {
    return bad_value(key, value, sentence("a whole number from ", least, " to ", most));
  }
  out = parsed;
  return {};
}

Status parse_number(std::string_view key, const std::string& value, double& out) {
  double parsed = 0;
  const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), parsed);
  if (failure != std::errc() || end != value.data() + value.size() || !std::isfinite(parsed)) {
    return bad_value(key, value, "a number");
  }
  out = parsed;
  return {};
}

Status parse_flag(std::string_view key, const std::string& value, bool& out) {
  if (value == "1" || value == "true" || value == "on" || value == "yes") return out = true, Status();
  if (value == "0" || value == "false" || value == "off" || value == "no") return out = false, Status();
  return bad_value(key, value, "1 or 0");
}

// "15043+2.5", "15043-inf", "15043-1"
Status parse_bias(std::string_view key, const std::string& value, SamplingOptions& sampling) {
  const std::size_t sign = value.find_first_of("+-");
  std::int32_t id = -1;
  double bias = 0;
  if (sign == std::string::npos || sign == 0 ||
      !parse_integer<std::int32_t>(key, value.substr(0, sign), 0, std::numeric_limits<std::int32_t>::max(), id)) {
    return bad_value(key, value, "ID+BIAS, ID-BIAS or ID-inf");
  }
  const std::string amount = value.substr(sign + 1);
  if (amount == "inf" && value[sign] == '-') {
    bias = std::numeric_limits<double>::infinity();
  } else if (!parse_number(key, amount, bias)) {
    return bad_value(key, value, "ID+BIAS, ID-BIAS or ID-inf");
  }
  sampling.logit_bias.emplace_back(id, static_cast<float>(value[sign] == '-' ? -bias : bias));
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
};
constexpr IntegerKey kIntegers[] = {
    {"top_k", &SamplingOptions::top_k},
    {"repeat_last_n", &SamplingOptions::penalty_last_n},
    {"dry_allowed_length", &SamplingOptions::dry_allowed_length},
    {"dry_penalty_last_n", &SamplingOptions::dry_penalty_last_n},
    {"mirostat", &SamplingOptions::mirostat},
};

// Whether `key` is a sampling option; its value is checked for form here, for range by generate::check.
Result<bool> set_sampling(SamplingOptions& sampling, std::string_view key, const std::string& value) {
  for (const NumberKey& number : kNumbers) {
    if (number.key != key) continue;
    BRIM_TRY(parse_number(key, value, sampling.*number.field));
    return true;
  }
  for (const IntegerKey& integer : kIntegers) {
    if (integer.key != key) continue;
    BRIM_TRY(parse_integer(key, value, std::numeric_limits<int>::min(), std::numeric_limits<int>::max(),
                           sampling.*integer.field));
    return true;
  }
  if (key == "seed") {
    BRIM_TRY(parse_integer<std::uint64_t>(key, value, 0, std::numeric_limits<std::uint64_t>::max(), sampling.seed));
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
    BRIM_TRY(parse_integer<std::int64_t>(key, value, 1, kv::kLargestContext, reader.context));
  } else if (key == "kv.budget") {
    BRIM_ASSIGN(reader.budget, kv::parse_budget(value));
  } else if (key == "kv.type") {
    const auto types = kernels::parse_kv_types(value);
    if (!types) return bad_value(key, value, kernels::kKvTypesForm);
    reader.type = *types;
  } else if (key == "kv.split") {
    if (kv::find_split(value) == nullptr && value != kv::kChosenSplit) {
      return bad_value(key, value, sentence(kv::kChosenSplit, "|", kv::split_names()));
    }
    reader.split = value;
  } else if (key == "kv.profile") {
    reader.profile_path = value;
  } else if (key == "kv.keep") {
    if (kv::find_rule(value) == nullptr) return bad_value(key, value, kv::rule_names());
    reader.keep = value;
  } else if (key == "kv.read") {
    BRIM_ASSIGN(reader.reading, kv::parse_reading(value));
  } else if (key == "kv.heads") {
    BRIM_ASSIGN(reader.heads, kv::parse_head_selection(value));
  } else if (key == "spec.type") {
    if (value != "none" && value != "ngram") return bad_value(key, value, "none or ngram");
    reader.speculation.ngram = value == "ngram";
  } else if (key == "spec.draft_max") {
    BRIM_TRY(parse_integer(key, value, 1, generate::kMostTogether - 1, reader.speculation.draft_max));
  } else if (key == "chat.template") {
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

Result<Change> change_option(SessionOptions& options, std::string_view key, const std::string& value) {
  BRIM_ASSIGN(const bool sampling, set_sampling(options.sampling, key, value));
  if (sampling) {
    BRIM_TRY(generate::check(options.sampling));
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
    BRIM_TRY(parse_integer<std::int64_t>(key, value, -1, std::numeric_limits<std::int64_t>::max(), options.limit));
    return Change::limit;
  }
  if (key == "system") {
    options.system = value;
    return Change::system;
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
  return error(ErrorCode::invalid_argument, "option '", std::string(key).substr(0, 80),
               "' cannot be removed: only stop and logit_bias, which may be given several times, can");
}

Result<ModelOptions> model_options(const OptionList& list) {
  ModelOptions options;
  for (const auto& [key, value] : list) {
    if (key == "threads") {
      BRIM_TRY(parse_integer(key, value, 1, 512, options.threads));
    } else if (key == "weights") {
      if (value != "private" && value != "shared" && value != "file") {
        return bad_value(key, value, "private, shared or file");
      }
      options.memory = value == "private"  ? model::WeightMemory::own
                       : value == "shared" ? model::WeightMemory::shared
                                           : model::WeightMemory::file;
    } else if (key == "kv.pool") {
      const Result<std::size_t> size = parse_size(value);
      if (!size || *size == 0 || *size > std::size_t{1} << 62) return bad_value(key, value, "a size: 256MiB");
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
  BRIM_ASSIGN(SessionOptions settings, session_options(options));
  settings.reader.profile_text = std::move(profile);
  return settings;
}

}  // namespace brim::api

// Which values the sampling options may have, and the error messages for other values.
#include <cmath>

#include "engine/base/number_text.hpp"
#include "engine/generate/sampler.hpp"

namespace brim::generate {
namespace {

constexpr double kAnyNumber = 1e30;

}  // namespace

Status check_bias(TokenId id, float bias) {
  if (id < 0) return error(ErrorCode::invalid_argument, "logit_bias names token ", id, "; ids begin at 0");
  if (std::isnan(bias) || bias == INFINITY) {
    return error(ErrorCode::invalid_argument, "logit_bias of token ", id, " is ", bias,
                 "; it must be a number, or -inf to ban the token");
  }
  return {};
}

Status check_numbers(const SamplingOptions& options, std::string_view written) {
  const auto between = [&](const char* name, double value, double min, double max, const char* allowed) -> Status {
    if (value >= min && value <= max) return {};
    return error(ErrorCode::invalid_argument, name, " is ",
                 written.empty() ? number_text(value) : std::string(written.substr(0, 80)), "; it must be ", allowed);
  };
  BRIM_TRY(between("temperature", options.temperature, 0, kAnyNumber, "from 0 (always the most likely token) to 1e30"));
  BRIM_TRY(between("top_k", options.top_k, -1, kAnyNumber, "1 or more, or 0 for off"));
  BRIM_TRY(between("top_p", options.top_p, 0, 1, "from 0 to 1, where 1 is off"));
  BRIM_TRY(between("min_p", options.min_p, 0, 1, "from 0 to 1, where 0 is off"));
  BRIM_TRY(between("typical_p", options.typical_p, 0, 1, "from 0 to 1, where 1 is off"));
  BRIM_TRY(between("xtc_probability", options.xtc_probability, 0, 1, "from 0 to 1, where 0 is off"));
  BRIM_TRY(between("xtc_threshold", options.xtc_threshold, 0, 1, "from 0 to 1, where more than 0.5 is off"));
  BRIM_TRY(between("repeat_last_n", options.penalty_last_n, -1, kAnyNumber, "0 or more, or -1 for the whole history"));
  BRIM_TRY(between("repeat_penalty", options.repeat_penalty, 1e-6, 1e6, "from 0.000001 to 1000000, where 1 is off"));
  BRIM_TRY(between("frequency_penalty", options.frequency_penalty, -kAnyNumber, kAnyNumber,
                   "from -1e30 to 1e30, where 0 is off"));
  BRIM_TRY(between("presence_penalty", options.presence_penalty, -kAnyNumber, kAnyNumber,
                   "from -1e30 to 1e30, where 0 is off"));
  BRIM_TRY(between("dry_multiplier", options.dry_multiplier, 0, kAnyNumber, "from 0 (off) to 1e30"));
  BRIM_TRY(between("dry_base", options.dry_base, 1, kAnyNumber, "from 1 to 1e30"));
  BRIM_TRY(between("dry_allowed_length", options.dry_allowed_length, 1, 1 << 20, "from 1 to 1048576"));
  BRIM_TRY(between("dry_penalty_last_n", options.dry_penalty_last_n, -1, kAnyNumber,
                   "0 (off) or more, or -1 for the whole history"));
  BRIM_TRY(between("mirostat", options.mirostat, 0, 2, "0 (off), 1 or 2"));
  BRIM_TRY(between("mirostat_tau", options.mirostat_tau, 0, 1000, "from 0 to 1000"));
  BRIM_TRY(between("mirostat_eta", options.mirostat_eta, 0, 1000, "from 0 to 1000"));
  return {};
}

Status check(const SamplingOptions& options, std::string_view written) {
  BRIM_TRY(check_numbers(options, written));
  for (const auto& [id, bias] : options.logit_bias) BRIM_TRY(check_bias(id, bias));
  return {};
}

}  // namespace brim::generate

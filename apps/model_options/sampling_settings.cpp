// See sampling_settings.hpp. The names are those that users of llama.cpp know.
#include "apps/model_options/sampling_settings.hpp"

#include <algorithm>
#include <limits>

namespace brim::apps {
namespace {

constexpr std::int64_t kMaxInt = std::numeric_limits<int>::max();

constexpr SamplingSetting kSettings[] = {
    {"--temp,--temperature", "temperature", "0.8", "T", "Randomness; 0 always takes the likeliest token"},
    {"--top-k", "top_k", "40", "K", "Only the K likeliest tokens; 0: off", false, "", -1, kMaxInt},
    {"--top-p", "top_p", "0.95", "P", "Only the likeliest tokens that together reach the probability P; 1: off"},
    {"--min-p", "min_p", "0.05", "P", "Only tokens at least P times as likely as the likeliest; 0: off"},
    {"--typical,--typical-p", "typical_p", "1", "P", "Only tokens about as surprising as expected; 1: off"},
    {"--repeat-penalty", "repeat_penalty", "1", "X", "Divides the odds of tokens seen lately; 1: off"},
    {"--repeat-last-n", "repeat_last_n", "64", "N", "How far back penalties look, in tokens; -1: everything",
     false, "repeat_penalty frequency_penalty presence_penalty", -1, kMaxInt},
    {"--frequency-penalty", "frequency_penalty", "0", "X", "Against tokens, for each time they were seen lately; 0: off"},
    {"--presence-penalty", "presence_penalty", "0", "X", "Against tokens that were seen lately at all; 0: off"},
    {"--dry-multiplier", "dry_multiplier", "0", "X", "Strength of DRY, which stops repeated sequences; 0: off"},
    {"--dry-base", "dry_base", "1.75", "X", "How fast DRY's penalty grows with each repeated token",
     false, "dry_multiplier"},
    {"--dry-allowed-length", "dry_allowed_length", "2", "N", "Repeated sequences up to so many tokens are fine",
     false, "dry_multiplier", 1, 1 << 20},
    {"--dry-penalty-last-n", "dry_penalty_last_n", "-1", "N", "How far back DRY looks, in tokens; -1: everything",
     false, "dry_multiplier", -1, kMaxInt},
    {"--xtc-probability", "xtc_probability", "0", "P", "How often XTC drops the top choices; 0: off"},
    {"--xtc-threshold", "xtc_threshold", "0.1", "P", "What counts as a top choice for XTC; above 0.5: off",
     false, "xtc_probability"},
    {"--mirostat", "mirostat", "0", "0|1|2", "Mirostat in place of top-k, typical, top-p, min-p and XTC; 0: off",
     false, "", 0, 2},
    {"--mirostat-tau,--mirostat-ent", "mirostat_tau", "5", "X", "The surprise mirostat aims at, in bits",
     false, "mirostat"},
    {"--mirostat-eta,--mirostat-lr", "mirostat_eta", "0.1", "X", "How fast mirostat corrects itself",
     false, "mirostat"},
    {"--logit-bias,-l", "logit_bias", "", "ID+BIAS", "Makes a token likelier or less so; ID-inf bans it (repeatable)",
     true},
    {"--stop,--reverse-prompt", "stop", "", "TEXT", "Ends the answer before this text (repeatable)", true},
    {"--max-message", "max_message_bytes", "16MiB", "SIZE", "The largest message or prompt that is taken"},
};

}  // namespace

std::span<const SamplingSetting> sampling_settings() { return kSettings; }

const SamplingSetting* find_sampling_setting(std::string_view name) {
  for (const SamplingSetting& setting : kSettings) {
    if (name == setting.key) return &setting;
    std::string_view flags = setting.flags;
    while (!flags.empty()) {
      std::string_view flag = flags.substr(0, flags.find(','));
      flags.remove_prefix(std::min(flags.size(), flag.size() + 1));
      if (flag.starts_with("--") && flag.substr(2) == name) return &setting;
    }
  }
  return nullptr;
}

}  // namespace brim::apps

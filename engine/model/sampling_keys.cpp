// See sampling_keys.hpp. The names are those of llama.cpp's converter.
#include "engine/model/sampling_keys.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>

#include "engine/base/number_text.hpp"
#include "engine/base/quote.hpp"

namespace brim::model {
namespace {

constexpr std::string_view kSamplingPrefix = "general.sampling.";

struct SamplingKey {
  std::string_view name, option;
};
constexpr SamplingKey kSamplingKeys[] = {
    {"temp", "temperature"},
    {"top_k", "top_k"},
    {"top_p", "top_p"},
    {"min_p", "min_p"},
    {"xtc_probability", "xtc_probability"},
    {"xtc_threshold", "xtc_threshold"},
    {"penalty_last_n", "repeat_last_n"},
    {"penalty_repeat", "repeat_penalty"},
    {"mirostat", "mirostat"},
    {"mirostat_tau", "mirostat_tau"},
    {"mirostat_eta", "mirostat_eta"},
};

}  // namespace

Result<SamplingDefaults> read_sampling_defaults(const io::Gguf& file) {
  SamplingDefaults defaults;
  for (const SamplingKey& key : kSamplingKeys) {
    const std::string name = std::string(kSamplingPrefix) + std::string(key.name);
    const io::Value* value = file.find(name);
    if (value == nullptr) continue;
    const auto number = value->as_number();
    if (!number || !std::isfinite(*number)) {
      return error(ErrorCode::bad_file, file.path(), ": key ", quoted(name), " is ", io::shown(*value),
                   ", expected a number");
    }
    const auto integer = value->as_integer();
    defaults.emplace_back(key.option, integer ? sentence(*integer) : number_text(*number));
  }
  return defaults;
}

std::vector<std::string> unread_sampling_keys(const io::Gguf& file) {
  std::vector<std::string> unread;
  for (const io::Gguf::Entry& entry : file.metadata()) {
    if (!entry.key.starts_with(kSamplingPrefix)) continue;
    if (std::ranges::find(kSamplingKeys, entry.key.substr(kSamplingPrefix.size()), &SamplingKey::name) ==
        std::end(kSamplingKeys)) {
      unread.emplace_back(entry.key);
    }
  }
  return unread;
}

}  // namespace brim::model

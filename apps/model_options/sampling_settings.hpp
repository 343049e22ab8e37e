// The sampling options, one line each: what they are called on the command line and in the engine, and what they mean.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace brim::apps {

struct SamplingSetting {
  const char* flags;     ///< on the command line: "--temp,--temperature"
  const char* key;       ///< in brim.h: "temperature"
  const char* standard;  ///< the engine's default; "" where there is none
  const char* type;      ///< what the help shows as its value: "N", "P"
  const char* help;
  bool repeatable = false;
  const char* needs = "";  ///< keys of which one has to be given for this one to do anything, with blanks between them
  std::int64_t least = 0, most = -1;  ///< the engine's bounds of a whole number; where there are none, any number may stand
};

std::span<const SamplingSetting> sampling_settings();

/// The setting that people mean by `name`: its key, or one of its flags without the dashes ("temp", "top-k"); nullptr
/// when there is none.
const SamplingSetting* find_sampling_setting(std::string_view name);

}  // namespace brim::apps

// Numbers on the command line, parsed by the engine's own parser: CLI11's parser takes "010" for eight and accepts
// "1e999".
#pragma once

#include <cstdint>

#include "apps/command_line/cli_types.hpp"
#include "engine/base/number_text.hpp"  // also for the commands that take lists of numbers

namespace brim::apps {

/// For Option::transform: a whole decimal number from `least` to `most`. Anything else is refused with a sentence that
/// has both bounds and the value as it was written.
CLI::Validator whole_number(std::int64_t min, std::int64_t max);
/// The same for a number of tokens, up to the largest context there is.
CLI::Validator context_length(std::int64_t min);
/// The same for a finite number that may have a fraction.
CLI::Validator number_between(double min, double max);
/// Any finite number.
CLI::Validator any_number();
/// For Option::transform: -1 (at random) or 0 to 2^64 - 1.
CLI::Validator seed_number();

}  // namespace brim::apps

// Windows of a text for the commands that measure: default sizes, and what users see when a text is too short. Choosing
// the windows themselves is in windows.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "research/kv_suite/windows.hpp"

namespace brim::apps {

struct WindowSize {
  std::int64_t tokens = 0;
  std::int64_t continuation = 0;  ///< how many tokens at the end of the window are scored
};
/// The requested sizes (0 and none: not requested). The defaults are the trained context, at most 1024, and a quarter
/// of that, at most 128. Throws Failure (2) for less than 64 tokens or more than half of them scored.
WindowSize window_size(const model::Config& config, std::int64_t tokens, std::optional<int> continuation);

/// choose_windows of a text; prints a notice when there are fewer than `count`. Throws Failure (2), naming `source`,
/// when there is none.
std::vector<Window> windows_of(const model::Model& model, const std::string& text, const std::string& source,
                               const WindowSize& size, int count, std::uint64_t seed);

}  // namespace brim::apps

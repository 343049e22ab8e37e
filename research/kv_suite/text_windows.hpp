// Windows of a text as the commands that measure want them: sizes nobody named, and what people are told when a text
// is too short. Choosing the windows itself is windows.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "research/kv_suite/windows.hpp"

namespace brim::apps {

struct WindowSize {
  std::int64_t tokens = 0;
  std::int64_t continuation = 0;  ///< of them, at the end: what is scored
};
/// As wished for (0 and none: not), else the trained context, at most 1024, and a quarter of it, at most 128. Throws
/// Failure (2) for less than 64 tokens or more than half of them scored.
WindowSize window_size(const model::Config& config, std::int64_t tokens, std::optional<int> continuation);

/// choose_windows of a text; tells people when there are fewer than `count`. Throws Failure (2), naming `source`, when
/// there is none.
std::vector<Window> windows_of(const model::Model& model, const std::string& text, const std::string& source,
                               const WindowSize& size, int count, std::uint64_t seed);

}  // namespace brim::apps

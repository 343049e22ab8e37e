// See text_windows.hpp.
#include "research/kv_suite/text_windows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "apps/commands.hpp"
#include "apps/terminal/error_output.hpp"
#include "apps/terminal/quantities.hpp"

namespace brim::apps {
namespace {

constexpr std::int64_t kUsualTokens = 1024, kUsualContinuation = 128, kMinTokens = 64;

}  // namespace

WindowSize window_size(const model::Config& config, std::int64_t tokens, std::optional<int> continuation) {
  WindowSize size;
  size.tokens = tokens > 0 ? tokens : std::min(config.context, kUsualTokens);
  size.continuation = continuation ? *continuation : std::min(size.tokens / 4, kUsualContinuation);
  if (size.tokens < kMinTokens || size.continuation > size.tokens / 2) {
    throw Failure(2,
                  fmt::format("a window of {} tokens with {} scored: expected at least {}, at most half of them scored",
                              size.tokens, size.continuation, kMinTokens));
  }
  return size;
}

std::vector<Window> windows_of(const model::Model& model, const std::string& text, const std::string& source,
                               const WindowSize& size, int count, std::uint64_t seed) {
  const std::vector<std::int32_t> ids = unwrap(model.tokenizer().encode(text, {.add_special = false}));
  std::vector<Window> windows =
      choose_windows(model, ids, static_cast<std::size_t>(size.tokens), static_cast<std::size_t>(size.continuation),
                     static_cast<std::size_t>(count), seed);
  if (windows.empty()) {
    throw Failure(2, fmt::format("{} has {} tokens; a window takes {}: give more text, or a smaller -c", source,
                                 grouped_text(static_cast<std::int64_t>(ids.size())), grouped_text(size.tokens)));
  }
  if (static_cast<int>(windows.size()) < count) {
    say(fmt::format("The text is long enough for {} windows of {} tokens, not for {}.", windows.size(),
                    grouped_text(size.tokens), count));
  }
  return windows;
}

}  // namespace brim::apps

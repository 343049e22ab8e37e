// See unread_input.hpp.
#include "apps/command_line/unread_input.hpp"

#include <fmt/format.h>

#include "apps/commands.hpp"
#include "platform/program/standard_streams.hpp"
#include "platform/program/waiting_input.hpp"

namespace brim::apps {
namespace {

// Both sides of a pipe start at the same time, so the writing side may be a moment late.
constexpr int kPatience = 500;  // milliseconds

}  // namespace

bool input_waits() { return platform::holds_bytes(platform::kStandardInput, kPatience); }

void refuse_unread_input(std::string_view instead) {
  if (!input_waits()) return;
  throw Failure(
      2, fmt::format("standard input holds text that would not be read: {}; leave one of them out (</dev/null: no "
                     "standard input)",
                     instead));
}

}  // namespace brim::apps

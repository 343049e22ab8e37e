// See length_check.hpp.
#include "apps/serve/length_check.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "apps/serve/reply.hpp"

namespace brim::apps::serve {
namespace {

[[noreturn]] void refuse(std::int64_t tokens, std::int64_t answer, const SeatLength& seat, const char* member) {
  const std::string with = answer > 0 ? fmt::format(" and its answer up to {}", answer) : std::string();
  throw Refusal(
      400,
      fmt::format("the prompt has {} tokens{}: a seat of this server keeps {} of a text; shorten it, or raise "
                  "--kv-budget or --context",
                  tokens, with, seat.kept),
      member, "context_length_exceeded");
}

}  // namespace

std::int64_t answer_limit(std::int64_t tokens, std::optional<std::int64_t> asked, const SeatLength& seat,
                          const char* member) {
  const std::int64_t room = seat.refuse ? seat.kept : seat.context;
  const std::int64_t limit = asked.value_or(std::max<std::int64_t>(room - tokens, 1));
  if (seat.refuse && (tokens > room || limit > room - tokens)) refuse(tokens, limit, seat, member);
  return limit;
}

void check_kept_whole(std::int64_t tokens, const SeatLength& seat, const char* member) {
  if (tokens > seat.kept) refuse(tokens, 0, seat, member);
}

}  // namespace brim::apps::serve

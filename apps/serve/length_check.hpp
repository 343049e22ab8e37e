// How long an answer may become, and prompts that are too long for what a seat keeps.
#pragma once

#include <cstdint>
#include <optional>

namespace brim::apps::serve {

struct SeatLength {
  std::int64_t context = 0;  ///< positions
  std::int64_t kept = 0;     ///< tokens of one text that a seat keeps before anything is evicted
  bool refuse = false;       ///< --when-full refuse
};

/// The limit of an answer to a prompt of `tokens` tokens; where none was asked for, what is left. Throws Refusal (400,
/// context_length_exceeded) where the prompt and the limit do not fit and `refuse` is true; `member`: of the prompt.
std::int64_t answer_limit(std::int64_t tokens, std::optional<std::int64_t> asked, const SeatLength& seat,
                          const char* member);
/// The same refusal for a prompt that has to be kept whole, whatever the flag says.
void check_kept_whole(std::int64_t tokens, const SeatLength& seat, const char* member);

}  // namespace brim::apps::serve

// Which seat a request gets, and which request is next. Pure arithmetic over what the scheduler knows of its seats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace brim::schedule {

struct SeatState {
  bool free = true;
  std::int64_t reusable = 0;    ///< tokens of the request's prompt that it holds; 0 for another key
  std::int64_t tokens = 0;      ///< that it holds; 0: empty
  std::uint64_t last_used = 0;  ///< larger is later
};

/// The free seat that the request should get; nothing when none is free. The longest prefix wins; of equal ones the
/// seat that loses less, then the one that was not used for the longest time. But where that seat would lose more than
/// half of what it holds (a common system message in front of another conversation) and another one is empty, the empty
/// one.
std::optional<std::size_t> choose_seat(std::span<const SeatState> seats) noexcept;

}  // namespace brim::schedule

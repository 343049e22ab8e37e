// See placement.hpp.
#include "engine/schedule/placement.hpp"

namespace brim::schedule {
namespace {

bool better(const SeatState& seat, const SeatState& than) noexcept {
  if (seat.reusable != than.reusable) return seat.reusable > than.reusable;
  const bool empty = seat.tokens == 0, other_empty = than.tokens == 0;
  if (seat.reusable == 0 && empty != other_empty) return empty;
  if (seat.reusable > 0 && seat.tokens != than.tokens) return seat.tokens < than.tokens;
  return seat.last_used < than.last_used;
}

}  // namespace

std::optional<std::size_t> choose_seat(std::span<const SeatState> seats) noexcept {
  std::optional<std::size_t> best, empty;
  for (std::size_t i = 0; i < seats.size(); ++i) {
    if (!seats[i].free) continue;
    if (!empty && seats[i].tokens == 0) empty = i;
    if (!best || better(seats[i], seats[*best])) best = i;
  }
  if (best && empty && seats[*best].reusable * 2 < seats[*best].tokens) return empty;
  return best;
}

}  // namespace brim::schedule

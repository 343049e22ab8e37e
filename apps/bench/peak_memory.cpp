// See peak_memory.hpp.
#include "apps/bench/peak_memory.hpp"

#include <algorithm>

#include "platform/program/peak_memory.hpp"

namespace brim::apps::bench {

PeakMemory::PeakMemory() : can_reset_(platform::reset_peak_memory()) {}

void PeakMemory::pause() { max_ = std::max(max_, platform::peak_memory()); }

void PeakMemory::resume() { can_reset_ = platform::reset_peak_memory() && can_reset_; }

std::optional<std::int64_t> PeakMemory::bytes() {
  if (!can_reset_) return std::nullopt;
  pause();
  return max_ > 0 ? std::optional(max_) : std::nullopt;
}

}  // namespace brim::apps::bench

// The merges that may apply next, best first, of both encoders. A merge leaves behind candidates that name symbols
// which have grown or disappeared since. They are dropped when they come up, and all of them at once before the heap
// would grow: each symbol has at most one valid candidate, so the heap never needs more room than there were symbols.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "engine/base/work_meter.hpp"

namespace brim::text {

/// Worse{}(a, b): whether b applies before a. Plain data; clear() keeps the memory.
template <class Candidate, class Worse>
class CandidateHeap {
 public:
  void clear() noexcept { heap_.clear(); }
  /// Room for the candidates of so many symbols.
  void reserve(std::size_t symbols) { heap_.reserve(symbols); }

  bool empty() const noexcept { return heap_.empty(); }
  /// Takes the best candidate out.
  Candidate pop() {
    std::pop_heap(heap_.begin(), heap_.end(), Worse{});
    const Candidate best = heap_.back();
    heap_.pop_back();
    return best;
  }
  /// Adds one. `holds(candidate)`: whether no merge has overtaken it. Each time room is made, twice as many merges have
  /// passed as the time before, so that all calls together look at O(n log n) candidates. False: the meter is
  /// cancelled, and the heap useless.
  template <class Holds>
  [[nodiscard]] bool push(const Candidate& candidate, const Holds& holds, WorkMeter* meter) {
    if (heap_.size() == heap_.capacity() && !drop_overtaken(holds, meter)) return false;
    heap_.push_back(candidate);
    std::push_heap(heap_.begin(), heap_.end(), Worse{});
    return true;
  }

 private:
  template <class Holds>
  bool drop_overtaken(const Holds& holds, WorkMeter* meter) {
    const auto begin = heap_.begin();
    auto end = begin;
    for (const Candidate& candidate : heap_) {
      if (!step(meter, 2)) return false;  // the look-up, and the heap
      if (!holds(candidate)) continue;
      *end++ = candidate;
      std::push_heap(begin, end, Worse{});
    }
    heap_.erase(end, heap_.end());
    return true;
  }

  std::vector<Candidate> heap_;
};

}  // namespace brim::text

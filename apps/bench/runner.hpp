// The tests that begin at one depth: the cache is filled once, every repetition starts from the same place, and the clock
// runs only while the engine works.
#pragma once

#include <brim/brim.hpp>
#include <cstdint>
#include <functional>

#include "apps/bench/peak_memory.hpp"
#include "apps/bench/peaks.hpp"
#include "apps/bench/row.hpp"
#include "apps/bench/sequences.hpp"
#include "apps/terminal/status_line.hpp"

namespace brim::apps::bench {

struct Repetitions {
  int count = 5;
  bool warm_up = true;
  /// Called before each repetition, including the warm-up; returning false ends the run. There is then one row per
  /// repetition. May be empty.
  std::function<bool()> wait;
};

class Runner {
 public:
  /// `row`: what all rows have in common; the members that describe the sessions are filled in here. Throws
  /// brim::Exception.
  Runner(const Model& model, const Beginning& beginning, Row row, PeakMemory& memory, Peaks& peaks);

  /// Measures `test`, which begins at that depth with at most that many sequences, and hands out its rows. Returns false when `wait` ended the
  /// run. Throws brim::Exception, with BRIM_CANCELLED after Ctrl-C.
  bool run(const Test& test, const Repetitions& repetitions, const std::function<void(const Row&)>& add);

 private:
  void repeat(Row& row);
  Row row_of(const Test& test) const;
  void hand_out(Row& row, const std::function<void(const Row&)>& add);

  Row common_;
  PeakMemory& memory_;
  Peaks& peaks_;
  StatusLine status_;
  Sequences sequences_;
};

}  // namespace brim::apps::bench

// One line of progress on standard error, rewritten in place: only on a terminal, and only for work that takes long.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "apps/terminal/status_line.hpp"

namespace brim::apps {

class ProgressLine {
 public:
  /// Steps are long and alike: with them the line shows how much time is left.
  enum class Unit { bytes, tokens, steps };
  /// Appears when the work has taken longer than `patience`.
  ProgressLine(std::string what, Unit unit, std::chrono::milliseconds patience);

  void update(std::int64_t done, std::int64_t total);
  /// update() for the callback of long work. Returns whether the work goes on: not once a signal stops it.
  bool advance(std::int64_t done, std::int64_t total);
  /// Removes the line.
  void clear() { line_.clear(); }

 private:
  using Clock = std::chrono::steady_clock;
  std::string what_;
  Unit unit_;
  StatusLine line_;
  Clock::time_point next_;
  Clock::time_point start_ = Clock::now();
  std::int64_t done_at_start_ = -1;  ///< of the first update: what an earlier run had done
};

}  // namespace brim::apps

// One line of progress on standard error, rewritten in place: only on a terminal, and only for work that takes long.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace brim::apps {

class ProgressLine {
 public:
  /// Steps are long and alike: with them the line shows how much time is left.
  enum class Unit { bytes, tokens, steps };
  /// Appears when the work has taken longer than `patience`.
  ProgressLine(std::string what, Unit unit, std::chrono::milliseconds patience);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void update(std::int64_t done, std::int64_t total);
  /// Removes the line.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  std::string what_;
  Unit unit_;
  bool terminal_;
  Clock::time_point next_;
  Clock::time_point start_ = Clock::now();
  std::int64_t done_at_start_ = -1;  ///< of the first update: what an earlier run had done
  bool shown_ = false;
};

}  // namespace brim::apps

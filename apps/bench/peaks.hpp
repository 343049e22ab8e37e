// The machine's own limits, measured again and again between repetitions, so that a busy machine lowers both the rates and
// what they are compared with.
#pragma once

#include <brim/brim.hpp>
#include <chrono>
#include <string>
#include <vector>

namespace brim::apps::bench {

class PeakMemory;

class Peaks {
 public:
  explicit Peaks(int threads) : threads_(threads) {}

  /// Measures when the last time is a few seconds ago, keeping the buffer that takes out of `memory`'s count. Throws
  /// brim::Exception.
  void measure_if_old(PeakMemory& memory);
  /// Forgets what was measured, but for a last time that is not old.
  void begin();

  /// Medians of what was measured since begin().
  double read_bytes_per_second() const;
  double int8_operations_per_second() const;
  int read_streams() const { return streams_; }
  const std::string& cpu() const { return cpu_; }

 private:
  bool old() const;

  int threads_;
  int streams_ = 0;
  std::string cpu_;
  std::vector<double> reads_, operations_;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace brim::apps::bench

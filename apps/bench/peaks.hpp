// The machine's own limits, measured repeatedly between repetitions, so that a busy machine lowers both the rates and
// the limits that they are compared with.
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

  /// Measures if the last measurement is more than a few seconds old. The buffer that this needs is left out of
  /// `memory`'s count. Throws brim::Exception.
  void measure_if_old(PeakMemory& memory);
  /// Drops all measurements, except a last one that is still recent.
  void begin();

  /// Medians of the measurements since begin().
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

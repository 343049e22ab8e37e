// See peaks.hpp.
#include "apps/bench/peaks.hpp"

#include "apps/bench/peak_memory.hpp"
#include "apps/bench/statistics.hpp"

namespace brim::apps::bench {
namespace {

constexpr std::chrono::seconds kOld{4};

}  // namespace

bool Peaks::old() const { return std::chrono::steady_clock::now() - last_ > kOld; }

void Peaks::measure_if_old(PeakMemory& memory) {
  if (!old()) return;
  memory.pause();
  const brim_machine machine = measure_machine(threads_);
  memory.resume();
  reads_.push_back(machine.read_bytes_per_second);
  operations_.push_back(machine.int8_operations_per_second);
  streams_ = machine.read_streams;
  cpu_ = machine.cpu;
  last_ = std::chrono::steady_clock::now();
}

void Peaks::begin() {
  const std::ptrdiff_t keep = old() || reads_.empty() ? 0 : 1;
  reads_.erase(reads_.begin(), reads_.end() - keep);
  operations_.erase(operations_.begin(), operations_.end() - keep);
}

double Peaks::read_bytes_per_second() const { return median(reads_); }
double Peaks::int8_operations_per_second() const { return median(operations_); }

}  // namespace brim::apps::bench

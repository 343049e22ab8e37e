// See peak_memory.hpp: VmHWM of /proc/self/status, which writing 5 to /proc/self/clear_refs sets back (proc(5)).
#include "apps/bench/peak_memory.hpp"

#include <algorithm>
#include <fstream>
#include <string>

namespace brim::apps::bench {
namespace {

std::int64_t system_peak() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("VmHWM:")) return std::strtoll(line.c_str() + 6, nullptr, 10) * 1024;
  }
  return 0;
}

bool reset_system_peak() {
  std::ofstream file("/proc/self/clear_refs");
  return static_cast<bool>(file << "5" << std::flush);
}

}  // namespace

PeakMemory::PeakMemory() : can_reset_(reset_system_peak()) {}

void PeakMemory::pause() { most_ = std::max(most_, system_peak()); }

void PeakMemory::resume() { can_reset_ = reset_system_peak() && can_reset_; }

std::optional<std::int64_t> PeakMemory::bytes() {
  if (!can_reset_) return std::nullopt;
  pause();
  return most_ > 0 ? std::optional(most_) : std::nullopt;
}

}  // namespace brim::apps::bench

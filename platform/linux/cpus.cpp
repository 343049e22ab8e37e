// See cpus.hpp: affinity from /proc/self/status, limits of CPU time of every cgroup above the process (v2 and v1), and
// the processor's topology from /sys.
#include "platform/cpus.hpp"

#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/linux/cgroups.hpp"
#include "platform/linux/system_text.hpp"

namespace brim::platform {
namespace {

/// The content of a file; empty when it does not exist.
std::string text_of(const std::string& path) { return read_text(path).value_or(""); }

/// The number of whole CPUs that a quota of `quota` microseconds per `period` allows, at least 1; 0 when there is no
/// limit.
int whole_cpus(const std::string& quota, const std::string& period) {
  const long long numerator = std::atoll(quota.c_str());  // "max" and "-1" mean unlimited
  const long long denominator = std::atoll(period.c_str());
  if (numerator <= 0 || denominator <= 0) return 0;
  return static_cast<int>(std::clamp(numerator / denominator, 1ll, 65536ll));
}

/// The limit that one cgroup folder sets, 0 when there is none.
int limit_of(const std::string& folder) {
  const std::string v2 = text_of(folder + "/cpu.max");
  if (!v2.empty()) {
    const std::size_t space = v2.find(' ');
    return space == std::string::npos ? 0 : whole_cpus(v2.substr(0, space), v2.substr(space + 1));
  }
  const std::string quota = text_of(folder + "/cpu.cfs_quota_us");
  return quota.empty() ? 0 : whole_cpus(quota, text_of(folder + "/cpu.cfs_period_us"));
}

}  // namespace

std::set<int> allowed_cpus(const std::string& root) {
  constexpr std::string_view kKey = "Cpus_allowed_list:";
  for (const std::string& line : split_text(text_of(root + "proc/self/status"), '\n')) {
    if (!line.starts_with(kKey)) continue;
    std::set<int> cpus = number_list(line.substr(kKey.size()));
    if (!cpus.empty()) return cpus;
  }
  std::set<int> cpus;
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (root == "/" && sched_getaffinity(0, sizeof mask, &mask) == 0) {
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &mask)) cpus.insert(cpu);
    }
  }
  return cpus;
}

// Efficiency cores are those outside of Intel's cpu_core list, else those with less than 60 % of the largest capacity
// (arm64) or of the highest frequency. Boost differences between equal cores stay well above that.
std::set<int> performance_cpus(const std::string& root, std::set<int> cpus) {
  const std::set<int> intel = number_list(text_of(root + "sys/devices/cpu_core/cpus"));
  if (!intel.empty()) {
    std::set<int> kept;
    std::set_intersection(cpus.begin(), cpus.end(), intel.begin(), intel.end(), std::inserter(kept, kept.end()));
    return kept.empty() ? cpus : kept;
  }
  for (const char* file : {"/cpu_capacity", "/cpufreq/cpuinfo_max_freq"}) {
    std::vector<std::pair<int, long>> speeds;
    long max = 0;
    for (int cpu : cpus) {
      const long speed = std::atol(text_of(root + "sys/devices/system/cpu/cpu" + std::to_string(cpu) + file).c_str());
      speeds.emplace_back(cpu, speed);
      max = std::max(max, speed);
    }
    if (max == 0) continue;
    for (const auto& [cpu, speed] : speeds) {
      if (speed > 0 && speed < max / 10 * 6) cpus.erase(cpu);
    }
    return cpus;
  }
  return cpus;
}

// One CPU per physical core: hardware threads of one core share the units that the kernels fill.
int count_cores(const std::string& root, const std::set<int>& cpus) {
  std::set<int> seen;
  int cores = 0;
  for (int cpu : cpus) {
    if (seen.count(cpu) != 0) continue;
    ++cores;
    const std::string file =
        root + "sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list";
    for (int sibling : number_list(text_of(file))) seen.insert(sibling);
  }
  return cores;
}

int cpu_quota(const std::string& root) {
  int strictest = 0;
  for (const CgroupPath& path : cgroup_paths(root, "cpu")) {
    for (const Cgroup& group : path.groups) {
      const int limit = limit_of(group.folder);
      if (limit > 0 && (strictest == 0 || limit < strictest)) strictest = limit;
    }
  }
  return strictest;
}

std::size_t largest_cache_bytes() {
  std::size_t largest = 0;
  for (int index = 0; index < 8; ++index) {
    const std::string text =
        text_of("/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/size");  // "32768K"
    const std::size_t unit = text.find_first_not_of("0123456789");
    if (unit == 0 || unit == std::string::npos) break;
    const std::size_t size = leading_number(text).value_or(0);
    largest = std::max(largest, size * (text[unit] == 'M' ? std::size_t{1} << 20 : std::size_t{1} << 10));
  }
  return largest;
}

}  // namespace brim::platform

// default_threads(): how many threads this process may really use. Everything is read from files below a root, so that
// recorded machines can be tested: affinity from /proc/self/status, CPU bandwidth limits of every cgroup above the
// process (v2 and v1), and the processor's topology (one thread per physical core, efficiency cores left out: a slow
// core makes the fast ones wait at the end of each product).
#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/threads.hpp"

namespace brim::kernels {
namespace {

/// The whole of a small file; empty when it is not there.
std::string read_text(const std::string& path) {
  std::string text;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "r"), std::fclose);
  char part[4096];
  for (std::size_t got; file && text.size() < 65536 && (got = std::fread(part, 1, sizeof part, file.get())) > 0;) {
    text.append(part, got);
  }
  return text;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// CPU numbers of a kernel list, "0-3,8,10-11"; anything malformed ends it.
std::set<int> parse_cpu_list(const std::string& text) {
  constexpr long kMost = 65536;
  std::set<int> cpus;
  const char* at = text.c_str();
  for (;;) {
    char* end = nullptr;
    const long first = std::strtol(at, &end, 10);
    if (end == at || first < 0 || first > kMost) break;
    long last = first;
    at = end;
    if (*at == '-') {
      last = std::strtol(at + 1, &end, 10);
      if (end == at + 1 || last < first || last > kMost) break;
      at = end;
    }
    for (long cpu = first; cpu <= last; ++cpu) cpus.insert(static_cast<int>(cpu));
    if (*at != ',') break;
    ++at;
  }
  return cpus;
}

std::set<int> allowed_cpus(const std::string& root) {
  const std::string status = read_text(root + "proc/self/status");
  constexpr std::string_view kKey = "Cpus_allowed_list:";
  for (std::string_view line : lines_of(status)) {
    if (line.substr(0, kKey.size()) != kKey) continue;
    const std::set<int> cpus = parse_cpu_list(std::string(line.substr(kKey.size())));
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

/// Whole CPUs that a quota of `quota` microseconds per `period` pays for, at least 1; 0 when there is no limit.
int whole_cpus(const std::string& quota, const std::string& period) {
  const long long numerator = std::atoll(quota.c_str());  // "max" and "-1" are no limit
  const long long denominator = std::atoll(period.c_str());
  if (numerator <= 0 || denominator <= 0) return 0;
  return static_cast<int>(std::clamp(numerator / denominator, 1ll, 65536ll));
}

/// The limit one cgroup folder sets, 0 when none.
int cgroup_limit(const std::string& folder) {
  const std::string v2 = read_text(folder + "/cpu.max");
  if (!v2.empty()) {
    const std::size_t space = v2.find(' ');
    return space == std::string::npos ? 0 : whole_cpus(v2.substr(0, space), v2.substr(space + 1));
  }
  const std::string quota = read_text(folder + "/cpu.cfs_quota_us");
  return quota.empty() ? 0 : whole_cpus(quota, read_text(folder + "/cpu.cfs_period_us"));
}

/// The strictest limit on the way from `mount`/`path` up to `mount` (a container may see only the upper end), 0: none.
int strictest_limit(const std::string& mount, std::string path) {
  int strictest = 0;
  for (;;) {
    while (!path.empty() && path.back() == '/') path.pop_back();
    const int limit = cgroup_limit(mount + path);
    if (limit > 0 && (strictest == 0 || limit < strictest)) strictest = limit;
    if (path.empty()) return strictest;
    const std::size_t slash = path.rfind('/');
    path.resize(slash == std::string::npos ? 0 : slash);
  }
}

/// Whether `controllers` ("cpu,cpuacct") holds "cpu".
bool names_cpu(std::string_view controllers) {
  while (!controllers.empty()) {
    const std::size_t end = std::min(controllers.find(','), controllers.size());
    if (controllers.substr(0, end) == "cpu") return true;
    controllers.remove_prefix(std::min(end + 1, controllers.size()));
  }
  return false;
}

int quota_limit(const std::string& root) {
  const std::string table = read_text(root + "proc/self/cgroup");  // "hierarchy:controllers:path" a line
  const std::string mount = root + "sys/fs/cgroup";
  int strictest = 0;
  for (std::string_view line : lines_of(table)) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string controllers(line.substr(first + 1, second - first - 1));
    const std::string path(line.substr(second + 1));
    std::vector<std::string> mounts;
    if (controllers.empty()) mounts = {mount, mount + "/unified"};
    if (names_cpu(controllers)) mounts = {mount + "/" + controllers, mount + "/cpu"};
    for (const std::string& place : mounts) {
      const int limit = strictest_limit(place, path);
      if (limit > 0 && (strictest == 0 || limit < strictest)) strictest = limit;
    }
  }
  return strictest;
}

/// Drops efficiency cores: those outside Intel's cpu_core list, else those with less than 60 % of the largest capacity
/// (arm64) or top frequency. Boost differences between equal cores stay well above that.
void keep_performance_cores(const std::string& root, std::set<int>& cpus) {
  const std::set<int> intel = parse_cpu_list(read_text(root + "sys/devices/cpu_core/cpus"));
  if (!intel.empty()) {
    std::set<int> kept;
    std::set_intersection(cpus.begin(), cpus.end(), intel.begin(), intel.end(), std::inserter(kept, kept.end()));
    if (!kept.empty()) cpus = kept;
    return;
  }
  for (const char* file : {"/cpu_capacity", "/cpufreq/cpuinfo_max_freq"}) {
    std::vector<std::pair<int, long>> speeds;
    long most = 0;
    for (int cpu : cpus) {
      const long speed = std::atol(read_text(root + "sys/devices/system/cpu/cpu" + std::to_string(cpu) + file).c_str());
      speeds.emplace_back(cpu, speed);
      most = std::max(most, speed);
    }
    if (most == 0) continue;
    for (const auto& [cpu, speed] : speeds) {
      if (speed > 0 && speed < most / 10 * 6) cpus.erase(cpu);
    }
    return;
  }
}

/// One CPU per physical core: hardware threads of one core share the units the kernels fill.
int count_cores(const std::string& root, const std::set<int>& cpus) {
  std::set<int> seen;
  int cores = 0;
  for (int cpu : cpus) {
    if (seen.count(cpu) != 0) continue;
    ++cores;
    const std::string file =
        root + "sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list";
    for (int sibling : parse_cpu_list(read_text(file))) seen.insert(sibling);
  }
  return cores;
}

}  // namespace

int default_threads(const std::string& root_folder) {
  const std::string root = root_folder.empty() || root_folder.back() != '/' ? root_folder + "/" : root_folder;
  std::set<int> cpus = allowed_cpus(root);
  keep_performance_cores(root, cpus);
  int threads = std::max(1, count_cores(root, cpus));
  const int quota = quota_limit(root);
  if (quota > 0) threads = std::min(threads, quota);
  return threads;
}

}  // namespace brim::kernels

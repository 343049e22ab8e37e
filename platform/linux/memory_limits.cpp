// See platform/memory_limits.hpp. Linux grants almost any mapping and ends a process later; so the engine checks first,
// and checks every limit that could apply.
#include "platform/memory_limits.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>

#include "platform/linux/cgroup_memory.hpp"
#include "platform/linux/system_text.hpp"

namespace brim {
namespace {

constexpr std::uint64_t kUnknown = std::numeric_limits<std::size_t>::max();

// Keeps the minimum of both figures, and the name of the limit that leaves the least memory available.
void take_smallest(MemoryLimits& min, std::uint64_t total, std::uint64_t available, const std::string& name) {
  available = std::min(available, total);
  min.total = std::min<std::uint64_t>(min.total, total);
  if (available >= min.available) return;
  min.available = available;
  min.limiting = name;
}

// A figure of /proc/meminfo or /proc/self/status, which are in units of 1024 bytes.
std::optional<std::uint64_t> bytes_of(const std::string& text, std::string_view name) {
  const std::optional<std::uint64_t> kib = named_number(text, name);
  if (!kib || *kib > kUnknown / 1024) return std::nullopt;
  return *kib * 1024;
}

void add_machine(const std::string& root, MemoryLimits& min) {
  const std::string text = read_text(root + "proc/meminfo").value_or("");
  const std::optional<std::uint64_t> total = bytes_of(text, "MemTotal:");
  std::optional<std::uint64_t> available = bytes_of(text, "MemAvailable:");
  if (!available) available = bytes_of(text, "MemFree:");  // kernels before 3.14
  if (total && available) take_smallest(min, *total, *available, "machine memory");
}

void add_rlimit(int resource, const char* name, std::uint64_t used, MemoryLimits& min) {
  struct rlimit limit {};
  if (::getrlimit(static_cast<decltype(RLIMIT_AS)>(resource), &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
  const std::uint64_t bytes = limit.rlim_cur;
  take_smallest(min, bytes, bytes - std::min(bytes, used), name);
}

}  // namespace

MemoryLimits memory_limits(const std::string& root) {
  const std::string base = root.empty() || root.back() != '/' ? root + "/" : root;
  MemoryLimits min{kUnknown, kUnknown, "no known limit"};
  add_machine(base, min);
  for (const CgroupLimit& limit : cgroup_memory_limits(base)) {
    take_smallest(min, limit.limit, limit.available, limit.name);
  }
  if (base == "/") {
    // The kernel compares RLIMIT_DATA with private writable mappings (VmData) and RLIMIT_AS with all mappings (VmSize).
    const std::string status = read_text("/proc/self/status").value_or("");
    add_rlimit(RLIMIT_DATA, "RLIMIT_DATA", bytes_of(status, "VmData:").value_or(0), min);
    add_rlimit(RLIMIT_AS, "RLIMIT_AS", bytes_of(status, "VmSize:").value_or(0), min);
  }
  return min;
}

}  // namespace brim

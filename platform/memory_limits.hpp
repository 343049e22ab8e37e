// How much more memory this process may use: the minimum of the machine's free memory, every cgroup above the process
// (v2 and v1) and RLIMIT_DATA / RLIMIT_AS. Reads files under a root so that recorded machines can be tested.
#pragma once

#include <cstddef>
#include <string>

namespace brim {

struct MemoryLimits {
  std::size_t total = 0;      ///< the most the process could ever have (minimum of machine, cgroup, rlimit)
  std::size_t available = 0;  ///< what it could allocate now
  std::string limiting;  ///< which limit is the smallest: "machine memory", "cgroup /user.slice", "RLIMIT_DATA", …
};

/// `root` replaces "/" in front of /proc and /sys (tests); rlimits are read from the live process, and only when root
/// is "/".
MemoryLimits memory_limits(const std::string& root = "/");

}  // namespace brim

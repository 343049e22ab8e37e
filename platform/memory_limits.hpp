// How much memory this process may still take: the least of the machine's free memory, every cgroup above the
// process (v2 and v1) and RLIMIT_DATA / RLIMIT_AS. Reads files under a root so that recorded machines can be tested.
#pragma once

#include <cstddef>
#include <string>

namespace brim {

struct MemoryLimits {
  std::size_t total = 0;      ///< what the process could ever have (machine, cgroup, rlimit: the least)
  std::size_t available = 0;  ///< what it could take now
  std::string limiting;       ///< which limit is the least: "machine memory", "cgroup /user.slice", "RLIMIT_DATA", …
};

/// `root` replaces "/" in front of /proc and /sys (tests); rlimits are read from the live process only when root is
/// "/".
MemoryLimits memory_limits(const std::string& root = "/");

}  // namespace brim

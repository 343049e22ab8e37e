// The memory limits of the control groups above this process, version 2 and version 1, read from files. Private:
// memory_limits() takes the least of these and the rest.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace brim {

/// One limit somebody set, and what is left of it.
struct CgroupLimit {
  std::string name;             ///< "cgroup /user.slice/app.scope"
  std::uint64_t limit = 0;      ///< bytes
  std::uint64_t available = 0;  ///< limit − usage + page cache that the kernel would give up at once
};

/// Every limit on the way from this process's groups up to the mounts' roots. Files that are missing or hold something
/// unexpected count as no limit. `root` stands before /proc and /sys and ends in '/'.
std::vector<CgroupLimit> cgroup_memory_limits(const std::string& root);

}  // namespace brim

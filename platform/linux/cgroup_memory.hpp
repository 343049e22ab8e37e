// The memory limits of the control groups above this process, version 2 and version 1, read from files. Private:
// memory_limits() takes the minimum of these and all others.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace brim {

/// One limit of a control group, and how much is left below it.
struct CgroupLimit {
  std::string name;             ///< "cgroup /user.slice/app.scope"
  std::uint64_t limit = 0;      ///< bytes
  std::uint64_t available = 0;  ///< limit − usage + page cache that the kernel would give up at once
};

/// Every limit on the way from this process's groups up to the roots of the mounts. Files that are missing or have
/// unexpected content count as no limit. `root` stands before /proc and /sys and ends in '/'.
std::vector<CgroupLimit> cgroup_memory_limits(const std::string& root);

}  // namespace brim

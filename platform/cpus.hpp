// The processors of this machine, as the system describes them. `root` stands before /proc and /sys and ends in '/', so
// that recorded machines can be tested.
#pragma once

#include <cstddef>
#include <set>
#include <string>

namespace brim::platform {

/// The numbers of the processors that this process may run on; empty when the system does not report them.
std::set<int> allowed_cpus(const std::string& root);
/// `cpus` without efficiency cores, if there are any others among them.
std::set<int> performance_cpus(const std::string& root, std::set<int> cpus);
/// The number of physical cores that `cpus` belong to.
int count_cores(const std::string& root, const std::set<int>& cpus);
/// The number of whole processors that this process's time is limited to, at least 1; 0 when there is no limit.
int cpu_quota(const std::string& root);

/// The size of the first processor's largest cache in bytes; 0 when the system does not report it.
std::size_t largest_cache_bytes();

}  // namespace brim::platform

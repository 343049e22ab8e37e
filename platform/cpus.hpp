// The processors of this machine, as the system describes them. `root` stands before /proc and /sys and ends in '/', so that
// recorded machines can be tested.
#pragma once

#include <cstddef>
#include <set>
#include <string>

namespace brim::platform {

/// The numbers of those that this process may run on; empty when nothing tells.
std::set<int> allowed_cpus(const std::string& root);
/// `cpus` without efficiency cores, if any others are among them.
std::set<int> performance_cpus(const std::string& root, std::set<int> cpus);
/// How many physical cores `cpus` are.
int count_cores(const std::string& root, const std::set<int>& cpus);
/// How many whole processors this process's time is limited to, at least 1; 0 when it is not.
int cpu_quota(const std::string& root);

/// The size of the first processor's largest cache in bytes; 0 when the system does not tell.
std::size_t largest_cache_bytes();

}  // namespace brim::platform

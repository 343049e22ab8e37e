// See cgroup_memory.hpp. File formats: the kernel's Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
#include "platform/linux/cgroup_memory.hpp"

#include <algorithm>
#include <optional>

#include "platform/linux/cgroups.hpp"
#include "platform/linux/system_text.hpp"

namespace brim {
namespace {

std::optional<std::uint64_t> file_number(const std::string& path) {
  const std::optional<std::string> text = read_text(path);
  return text ? leading_number(*text) : std::nullopt;
}

// Adds the limits of the group at `folder`. "max" is not a number, so it means that there is no limit.
void add_limits(const std::string& folder, const std::string& name, bool unified, std::vector<CgroupLimit>& limits) {
  const std::string statistics = read_text(folder + "/memory.stat").value_or("");
  const std::uint64_t usage =
      file_number(folder + (unified ? "/memory.current" : "/memory.usage_in_bytes")).value_or(0);
  const std::uint64_t reclaimable =
      named_number(statistics, unified ? "inactive_file" : "total_inactive_file").value_or(0);
  const std::uint64_t held = usage - std::min(usage, reclaimable);
  const auto add = [&](std::optional<std::uint64_t> limit) {
    // Version 1 writes the largest multiple of a page below 2^63 when there is no limit.
    if (!limit || *limit >= std::uint64_t{1} << 62) return;
    limits.push_back({"cgroup " + name, *limit, *limit - std::min(*limit, held)});
  };
  if (unified) {
    add(file_number(folder + "/memory.max"));
    // Above memory.high no allocation is refused, but the process is slowed down until it is useless.
    add(file_number(folder + "/memory.high"));
  } else {
    add(file_number(folder + "/memory.limit_in_bytes"));
    // The smallest limit above this group, including groups that the mount does not show.
    add(named_number(statistics, "hierarchical_memory_limit"));
  }
}

}  // namespace

std::vector<CgroupLimit> cgroup_memory_limits(const std::string& root) {
  std::vector<CgroupLimit> limits;
  for (const CgroupPath& path : cgroup_paths(root, "memory")) {
    for (std::size_t level = 0; level < path.groups.size(); ++level) {
      const Cgroup& group = path.groups[level];
      // Before kernel 5.11 a version 1 group could be configured not to count its children.
      if (level > 0 && !path.unified && file_number(group.folder + "/memory.use_hierarchy") == std::uint64_t{0}) break;
      add_limits(group.folder, group.name, path.unified, limits);
    }
  }
  return limits;
}

}  // namespace brim

// See cgroups.hpp. /proc/self/cgroup names the process's group in each hierarchy; /proc/self/mountinfo says where a
// hierarchy is mounted and which of its groups is the root of the mount (in a container often not the top one). File
// formats: the kernel's Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/cgroups.rst, and proc(5).
#include "platform/linux/cgroups.hpp"

#include <algorithm>

#include "platform/linux/system_text.hpp"

namespace brim {
namespace {

constexpr std::size_t kMaxLevels = 128;

struct Hierarchy {
  bool unified = true;              ///< version 2
  std::string group;                ///< the process's group as the hierarchy names it: "/user.slice/app.scope"
  std::vector<std::string> mounts;  ///< where the hierarchy is mounted, or may be: "/sys/fs/cgroup"
  std::string shown = "/";          ///< the group that is the mount's root
};

bool contains(const std::vector<std::string>& parts, std::string_view wanted) {
  return std::find(parts.begin(), parts.end(), wanted) != parts.end();
}

// mountinfo writes blanks, tabs, newlines and backslashes in paths as three octal digits.
std::string unescape(std::string_view path) {
  std::string out;
  for (std::size_t at = 0; at < path.size(); ++at) {
    const auto octal = [&](std::size_t offset) {
      return at + offset < path.size() && path[at + offset] >= '0' && path[at + offset] <= '7';
    };
    if (path[at] == '\\' && octal(1) && octal(2) && octal(3)) {
      out += static_cast<char>((path[at + 1] - '0') * 64 + (path[at + 2] - '0') * 8 + (path[at + 3] - '0'));
      at += 3;
    } else {
      out += path[at];
    }
  }
  return out;
}

// The groups of this process: "0::/path" is version 2, "4:cpu,cpuacct:/path" is version 1. The mount points are the
// usual ones.
std::vector<Hierarchy> hierarchies(const std::string& root, const std::string& controller) {
  std::vector<Hierarchy> found;
  for (const std::string& line : split_text(read_text(root + "proc/self/cgroup").value_or(""), '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (group.empty() || group[0] != '/') continue;
    if (controllers.empty() && line.compare(0, first, "0") == 0) {
      found.push_back({true, group, {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}});
    } else if (contains(split_text(controllers, ','), controller)) {
      found.push_back({false, group, {"/sys/fs/cgroup/" + controllers}});
      if (controllers != controller) found.back().mounts.push_back("/sys/fs/cgroup/" + controller);
    }
  }
  return found;
}

// Replaces the usual mount points by the real ones that mountinfo lists.
void find_mounts(const std::string& root, const std::string& controller, std::vector<Hierarchy>& found) {
  std::vector<bool> located(found.size(), false);
  for (const std::string& line : split_text(read_text(root + "proc/self/mountinfo").value_or(""), '\n')) {
    const std::vector<std::string> fields = split_text(line, ' ');
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    if (fields.size() < 7 || fields.end() - dash < 4) continue;
    const std::string& kind = *(dash + 1);
    const bool version_1 = kind == "cgroup" && contains(split_text(*(dash + 3), ','), controller);
    for (std::size_t index = 0; index < found.size(); ++index) {
      Hierarchy& hierarchy = found[index];
      if (located[index] || !(hierarchy.unified ? kind == "cgroup2" : version_1)) continue;
      hierarchy.shown = unescape(fields[3]);
      hierarchy.mounts = {unescape(fields[4])};
      located[index] = true;
    }
  }
}

// The group's path below the mount: "" for the root of the mount. For a group outside of what the mount shows (a
// container's view) only the root of the mount can be examined.
std::string below_mount(const Hierarchy& hierarchy) {
  if (contains(split_text(hierarchy.group, '/'), "..")) return "";
  std::string group = hierarchy.group;
  if (hierarchy.shown != "/") {
    if (group.compare(0, hierarchy.shown.size(), hierarchy.shown) != 0) return "";
    group.erase(0, hierarchy.shown.size());
    if (!group.empty() && group[0] != '/') return "";
  }
  while (!group.empty() && group.back() == '/') group.pop_back();
  return group;
}

CgroupPath path_below(const std::string& root, const Hierarchy& hierarchy, const std::string& mounted) {
  CgroupPath path{hierarchy.unified, {}};
  std::string group = below_mount(hierarchy);
  const std::string mount = root + mounted.substr(mounted.empty() || mounted[0] != '/' ? 0 : 1);
  const std::string shown = hierarchy.shown == "/" ? "" : hierarchy.shown;
  for (std::size_t level = 0; level < kMaxLevels; ++level) {
    const std::string name = shown + group;
    path.groups.push_back({mount + group, name.empty() ? "/" : name});
    if (group.empty()) break;
    group.erase(group.find_last_of('/'));
  }
  return path;
}

}  // namespace

std::vector<CgroupPath> cgroup_paths(const std::string& root, const std::string& controller) {
  std::vector<Hierarchy> found = hierarchies(root, controller);
  find_mounts(root, controller, found);
  std::vector<CgroupPath> paths;
  for (const Hierarchy& hierarchy : found) {
    for (const std::string& mount : hierarchy.mounts) paths.push_back(path_below(root, hierarchy, mount));
  }
  return paths;
}

}  // namespace brim

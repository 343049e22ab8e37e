// See cgroup_memory.hpp. /proc/self/cgroup names the process's group in each hierarchy, /proc/self/mountinfo says where
// a hierarchy is mounted and which of its groups the mount shows as its root (in a container often not the top one).
// File formats: the kernel's Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst, and proc(5).
#include "engine/base/cgroup_memory.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace brim {
namespace {

constexpr std::size_t kMostText = std::size_t{4} << 20;
constexpr std::size_t kMostLevels = 128;

struct Hierarchy {
  bool unified = true;  ///< version 2
  std::string group;    ///< the process's group as the hierarchy names it: "/user.slice/app.scope"
  std::string mount;    ///< where the hierarchy is mounted: "/sys/fs/cgroup"
  std::string shown;    ///< the group that is the mount's root, usually "/"
};

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

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

// The groups of this process: "0::/path" is version 2, "4:memory:/path" is version 1.
std::vector<Hierarchy> hierarchies(const std::string& root) {
  std::vector<Hierarchy> found;
  for (const std::string& line : split(read_text(root + "proc/self/cgroup").value_or(""), '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (group.empty() || group[0] != '/') continue;
    if (controllers.empty() && line.compare(0, first, "0") == 0) {
      found.push_back({true, group, "/sys/fs/cgroup", "/"});
    } else if (contains(split(controllers, ','), "memory")) {
      found.push_back({false, group, "/sys/fs/cgroup/memory", "/"});
    }
  }
  return found;
}

// Replaces the customary mount points by the real ones where mountinfo has them.
void find_mounts(const std::string& root, std::vector<Hierarchy>& found) {
  std::vector<bool> located(found.size(), false);
  for (const std::string& line : split(read_text(root + "proc/self/mountinfo").value_or(""), '\n')) {
    const std::vector<std::string> fields = split(line, ' ');
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    if (fields.size() < 7 || fields.end() - dash < 4) continue;
    const std::string& kind = *(dash + 1);
    const bool memory_v1 = kind == "cgroup" && contains(split(*(dash + 3), ','), "memory");
    for (std::size_t index = 0; index < found.size(); ++index) {
      Hierarchy& hierarchy = found[index];
      if (located[index] || !(hierarchy.unified ? kind == "cgroup2" : memory_v1)) continue;
      hierarchy.shown = unescape(fields[3]);
      hierarchy.mount = unescape(fields[4]);
      located[index] = true;
    }
  }
}

// The group's path below the mount: "" for the mount's own root. A group outside what the mount shows (a container's
// view) leaves only the mount's root to look at.
std::string below_mount(const Hierarchy& hierarchy) {
  if (contains(split(hierarchy.group, '/'), "..")) return "";
  std::string group = hierarchy.group;
  if (hierarchy.shown != "/") {
    if (group.compare(0, hierarchy.shown.size(), hierarchy.shown) != 0) return "";
    group.erase(0, hierarchy.shown.size());
    if (!group.empty() && group[0] != '/') return "";
  }
  while (!group.empty() && group.back() == '/') group.pop_back();
  return group;
}

std::optional<std::uint64_t> file_number(const std::string& path) {
  const std::optional<std::string> text = read_text(path);
  return text ? leading_number(*text) : std::nullopt;
}

// Adds the limits of the group at `folder`. "max" is no number, so no limit.
void add_limits(const std::string& folder, const std::string& name, bool unified, std::vector<CgroupLimit>& limits) {
  const std::string statistics = read_text(folder + "/memory.stat").value_or("");
  const std::uint64_t usage =
      file_number(folder + (unified ? "/memory.current" : "/memory.usage_in_bytes")).value_or(0);
  const std::uint64_t reclaimable =
      named_number(statistics, unified ? "inactive_file" : "total_inactive_file").value_or(0);
  const std::uint64_t held = usage - std::min(usage, reclaimable);
  const auto add = [&](std::optional<std::uint64_t> limit) {
    // Version 1 says "no limit" with the largest multiple of a page below 2^63.
    if (!limit || *limit >= std::uint64_t{1} << 62) return;
    limits.push_back({"cgroup " + (name.empty() ? "/" : name), *limit, *limit - std::min(*limit, held)});
  };
  if (unified) {
    add(file_number(folder + "/memory.max"));
    // Above memory.high nothing is refused, but the process is slowed down until it is of no use.
    add(file_number(folder + "/memory.high"));
  } else {
    add(file_number(folder + "/memory.limit_in_bytes"));
    // The least limit above this group, also of groups that the mount does not show.
    add(named_number(statistics, "hierarchical_memory_limit"));
  }
}

}  // namespace

std::vector<CgroupLimit> cgroup_memory_limits(const std::string& root) {
  std::vector<Hierarchy> found = hierarchies(root);
  find_mounts(root, found);
  std::vector<CgroupLimit> limits;
  for (const Hierarchy& hierarchy : found) {
    std::string group = below_mount(hierarchy);
    const std::string mount =
        root + hierarchy.mount.substr(hierarchy.mount.empty() || hierarchy.mount[0] != '/' ? 0 : 1);
    const std::string shown = hierarchy.shown == "/" ? "" : hierarchy.shown;
    for (std::size_t level = 0; level < kMostLevels; ++level) {
      const std::string folder = mount + group;
      // Before kernel 5.11 a version 1 group could be told not to count its children.
      if (level > 0 && !hierarchy.unified && file_number(folder + "/memory.use_hierarchy") == std::uint64_t{0}) break;
      add_limits(folder, shown + group, hierarchy.unified, limits);
      if (group.empty()) break;
      group.erase(group.find_last_of('/'));
    }
  }
  return limits;
}

std::optional<std::string> read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text;
  char piece[4096];
  while (text.size() < kMostText && (file.read(piece, sizeof piece), file.gcount() > 0)) {
    text.append(piece, static_cast<std::size_t>(file.gcount()));
  }
  return text;
}

std::optional<std::uint64_t> leading_number(std::string_view text) {
  while (!text.empty() && (text[0] == ' ' || text[0] == '\t')) text.remove_prefix(1);
  std::uint64_t number = 0;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    if (__builtin_mul_overflow(number, std::uint64_t{10}, &number) ||
        __builtin_add_overflow(number, static_cast<std::uint64_t>(text[digits] - '0'), &number)) {
      return std::nullopt;
    }
  }
  if (digits == 0) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> named_number(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, std::min(text.find('\n'), text.size()));
    if (line.size() > name.size() && line.substr(0, name.size()) == name) {
      const char next = line[name.size()];
      if (next == ' ' || next == '\t') return leading_number(line.substr(name.size()));
    }
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return std::nullopt;
}

}  // namespace brim

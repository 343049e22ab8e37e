// The control groups above this process, version 2 and version 1, read from files.
#pragma once

#include <string>
#include <vector>

namespace brim {

struct Cgroup {
  std::string folder;  ///< the folder with its files
  std::string name;    ///< "/user.slice/app.scope"
};

/// A process's group in one hierarchy and the groups above it, up to the root of the mount.
struct CgroupPath {
  bool unified = true;  ///< version 2
  std::vector<Cgroup> groups;
};

/// The hierarchies that may limit this process by `controller` ("memory", "cpu"). Some of the folders may not exist.
/// `root` stands before /proc and /sys and ends in '/'.
std::vector<CgroupPath> cgroup_paths(const std::string& root, const std::string& controller);

}  // namespace brim

// The memory limits of the control groups above this process, version 2 and version 1, read from files. Private to
// engine/base: memory_limits() takes the least of these and the rest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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

/// The content of a small text file (at most 4 MiB of it); nothing when it cannot be read.
std::optional<std::string> read_text(const std::string& path);
/// A decimal number at the start of `text` ("4096 kB", "4096\n"); nothing when there is none or it passes 64 bits.
std::optional<std::uint64_t> leading_number(std::string_view text);
/// The number after `name` on the line that starts with it ("MemAvailable:", "inactive_file").
std::optional<std::uint64_t> named_number(std::string_view text, std::string_view name);

}  // namespace brim

// Recorded machines: small trees of /proc and /sys files in the kernel's formats, one per way of being limited.
#include "platform/memory_limits.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <map>

#include "tests/support/scratch_folder.hpp"

using namespace brim;

namespace {

constexpr std::size_t kGib = std::size_t{1} << 30;
constexpr const char* kMachine =
    "MemTotal:       16777216 kB\nMemFree:         1048576 kB\nMemAvailable:    8388608 kB\nBuffers: 0 kB\n";
constexpr const char* kUnifiedMount =
    "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr const char* kMemoryMount = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n";

// Writes the files under a separate folder, reads the limits, and removes the files.
MemoryLimits recorded(const std::map<std::string, std::string>& files) {
  const test::ScratchFolder root;
  for (const auto& [path, content] : files) root.write(path, content);
  return memory_limits(root.path);
}

}  // namespace

TEST_CASE("a machine without groups") {
  const MemoryLimits limits = recorded({{"proc/meminfo", kMachine}});
  CHECK(limits.total == 16 * kGib);
  CHECK(limits.available == 8 * kGib);
  CHECK(limits.limiting == "machine memory");
}

TEST_CASE("nothing known") {
  const MemoryLimits limits = recorded({});
  CHECK(limits.available > 1024 * kGib);
  CHECK(limits.limiting == "no known limit");
}

TEST_CASE("an old kernel without MemAvailable") {
  const MemoryLimits limits = recorded({{"proc/meminfo", "MemTotal: 16777216 kB\nMemFree: 1048576 kB\n"}});
  CHECK(limits.available == kGib);
}

TEST_CASE("version 2: the least of all groups above, with reclaimable page cache given back") {
  std::map<std::string, std::string> files = {
      {"proc/meminfo", kMachine},
      {"proc/self/cgroup", "0::/user.slice/app.scope\n"},
      {"proc/self/mountinfo", kUnifiedMount},
      {"sys/fs/cgroup/user.slice/app.scope/memory.max", "max\n"},
      {"sys/fs/cgroup/user.slice/app.scope/memory.current", "100\n"},
      {"sys/fs/cgroup/user.slice/memory.max", "4294967296\n"},
      {"sys/fs/cgroup/user.slice/memory.current", "3221225472\n"},
      {"sys/fs/cgroup/user.slice/memory.stat",
       "anon 5\ninactive_file_extra 7\ninactive_file 1073741824\nactive_file 3\n"},
  };
  MemoryLimits limits = recorded(files);
  CHECK(limits.total == 4 * kGib);
  CHECK(limits.available == 2 * kGib);
  CHECK(limits.limiting == "cgroup /user.slice");

  files["sys/fs/cgroup/user.slice/app.scope/memory.max"] = "536870912\n";
  limits = recorded(files);
  CHECK(limits.total == kGib / 2);
  CHECK(limits.available == kGib / 2 - 100);
  CHECK(limits.limiting == "cgroup /user.slice/app.scope");

  files["sys/fs/cgroup/user.slice/app.scope/memory.high"] = "1000\n";
  CHECK(recorded(files).available == 900);

  files["sys/fs/cgroup/user.slice/app.scope/memory.current"] = "5000\n";
  CHECK(recorded(files).available == 0);
}

TEST_CASE("version 2: in a container the mount's root is the container's group") {
  const MemoryLimits limits = recorded({
      {"proc/meminfo", kMachine},
      {"proc/self/cgroup", "0::/\n"},
      {"proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n"},
      {"sys/fs/cgroup/memory.max", "1073741824\n"},
      {"sys/fs/cgroup/memory.current", "73741824\n"},
  });
  CHECK(limits.available == 1000000000);
  CHECK(limits.limiting == "cgroup /");
}

TEST_CASE("version 2: a group outside the view, and a mount that shows a part of the tree") {
  std::map<std::string, std::string> files = {
      {"proc/meminfo", kMachine},
      {"proc/self/cgroup", "0::/../../other\n"},
      {"proc/self/mountinfo", kUnifiedMount},
      {"sys/fs/cgroup/memory.max", "2147483648\n"},
  };
  CHECK(recorded(files).available == 2 * kGib);

  files["proc/self/cgroup"] = "0::/docker/abc/inner\n";
  files["proc/self/mountinfo"] = "30 23 0:26 /docker/abc /mnt/my\\040groups rw - cgroup2 cgroup2 rw\n";
  files["mnt/my groups/inner/memory.max"] = "1073741824\n";
  files["mnt/my groups/memory.max"] = "3221225472\n";
  const MemoryLimits limits = recorded(files);
  CHECK(limits.available == kGib);
  CHECK(limits.limiting == "cgroup /docker/abc/inner");
  files["proc/self/cgroup"] = "0::/docker/abcdef\n";
  CHECK(recorded(files).available == 3 * kGib);
}

TEST_CASE("version 1: own limit, a parent's, and one the mount does not show") {
  std::map<std::string, std::string> files = {
      {"proc/meminfo", kMachine},
      {"proc/self/cgroup", "9:name=systemd:/x\n4:cpu,memory:/job/step\n0::/\n"},
      {"proc/self/mountinfo", std::string(kMemoryMount) + kUnifiedMount},
      {"sys/fs/cgroup/memory/job/step/memory.limit_in_bytes", "9223372036854771712\n"},
      {"sys/fs/cgroup/memory/job/step/memory.usage_in_bytes", "50\n"},
      {"sys/fs/cgroup/memory/job/step/memory.stat", "cache 9\nhierarchical_memory_limit 9223372036854771712\n"},
      {"sys/fs/cgroup/memory/job/memory.limit_in_bytes", "2147483648\n"},
      {"sys/fs/cgroup/memory/job/memory.usage_in_bytes", "2147483648\n"},
      {"sys/fs/cgroup/memory/job/memory.stat", "inactive_file 1\ntotal_inactive_file 1073741824\n"},
      {"sys/fs/cgroup/memory/job/memory.use_hierarchy", "1\n"},
  };
  MemoryLimits limits = recorded(files);
  CHECK(limits.total == 2 * kGib);
  CHECK(limits.available == kGib);
  CHECK(limits.limiting == "cgroup /job");

  files["sys/fs/cgroup/memory/job/memory.use_hierarchy"] = "0\n";
  CHECK(recorded(files).limiting == "machine memory");

  files["sys/fs/cgroup/memory/job/step/memory.stat"] = "hierarchical_memory_limit 1050\n";
  limits = recorded(files);
  CHECK(limits.available == 1000);
  CHECK(limits.limiting == "cgroup /job/step");
}

TEST_CASE("files that hold something else count as no limit") {
  const std::string big(100000, '7');
  for (const std::string& junk :
       {std::string(), std::string("\n"), std::string("max"), std::string("-5"), std::string("abc 1"), big,
        std::string("\0\0\0", 3), std::string("18446744073709551616"), std::string(5000, '\n'),
        std::string(5000, ':')}) {
    const MemoryLimits limits = recorded({
        {"proc/meminfo", kMachine},
        {"proc/self/cgroup", "0::/a\n" + junk},
        {"proc/self/mountinfo", junk + "\n" + kUnifiedMount + junk},
        {"sys/fs/cgroup/a/memory.max", junk},
        {"sys/fs/cgroup/a/memory.current", junk},
        {"sys/fs/cgroup/a/memory.stat", junk},
    });
    CHECK(limits.available == 8 * kGib);
    for (const char* path : {"proc/meminfo", "proc/self/cgroup", "proc/self/mountinfo"}) {
      CHECK(recorded({{path, junk}, {"sys/fs/cgroup/a/memory.max", "5\n"}}).limiting == "no known limit");
    }
  }
  CHECK(recorded({{"proc/meminfo", "MemTotal: 99999999999999999 kB\nMemAvailable: 99999999999999999999 kB\n"}})
            .limiting == "no known limit");
  const std::string deep = "0::" + std::string(50000, '/') + "a/b/c/d\n";
  CHECK(recorded({{"proc/meminfo", kMachine}, {"proc/self/cgroup", deep}}).available == 8 * kGib);
}

TEST_CASE("this machine has limits, and none is above the total") {
  const MemoryLimits limits = memory_limits();
  CHECK(limits.available > 0);
  CHECK(limits.available <= limits.total);
  CHECK_FALSE(limits.limiting.empty());
}

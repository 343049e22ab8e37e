// default_threads() on recorded machines: small trees of /proc and /sys files written for each case.
#include <doctest/doctest.h>

#include <string>

#include "kernels/threads.hpp"
#include "tests/support/scratch_folder.hpp"

namespace {

/// A recorded machine.
struct Recorded : brim::test::ScratchFolder {
  void allow(const std::string& list) {
    write("proc/self/status", "Name:\tbrim\nCpus_allowed:\tff\nCpus_allowed_list:\t" + list + "\nMems_allowed:\t1\n");
  }
  void cpu(int number, const std::string& file, const std::string& text) {
    write("sys/devices/system/cpu/cpu" + std::to_string(number) + "/" + file, text);
  }
  int threads() const { return brim::kernels::default_threads(path); }
};

}  // namespace

TEST_CASE("affinity alone") {
  Recorded machine;
  CHECK(machine.threads() == 1);  // nothing to read
  machine.allow("0-7");
  CHECK(machine.threads() == 8);
  machine.allow("0-1,4,6-7");
  CHECK(machine.threads() == 5);
  machine.allow("nonsense");
  CHECK(machine.threads() == 1);
  machine.allow("3-1");
  CHECK(machine.threads() == 1);
  machine.allow("0-99999999999");
  CHECK(machine.threads() == 1);
}

TEST_CASE("one thread per physical core, as far as allowed") {
  Recorded machine;
  machine.allow("0-7");
  for (int i = 0; i < 8; ++i) {
    machine.cpu(i, "topology/thread_siblings_list", std::to_string(i % 4) + "," + std::to_string(i % 4 + 4) + "\n");
  }
  CHECK(machine.threads() == 4);
  machine.allow("4-7");
  CHECK(machine.threads() == 4);
  machine.allow("0,4");
  CHECK(machine.threads() == 1);
}

TEST_CASE("cgroup v2: the strictest limit on the way up") {
  Recorded machine;
  machine.allow("0-15");
  machine.write("proc/self/cgroup", "0::/system.slice/brim.service\n");
  machine.write("sys/fs/cgroup/system.slice/brim.service/cpu.max", "max 100000\n");
  CHECK(machine.threads() == 16);
  machine.write("sys/fs/cgroup/system.slice/cpu.max", "600000 100000\n");
  CHECK(machine.threads() == 6);
  machine.write("sys/fs/cgroup/system.slice/brim.service/cpu.max", "250000 100000\n");
  CHECK(machine.threads() == 2);
  machine.write("sys/fs/cgroup/system.slice/brim.service/cpu.max", "50000 100000\n");
  CHECK(machine.threads() == 1);
  machine.write("sys/fs/cgroup/system.slice/brim.service/cpu.max", "garbage");
  CHECK(machine.threads() == 6);
  machine.write("sys/fs/cgroup/system.slice/brim.service/cpu.max", "100000 0\n");
  CHECK(machine.threads() == 6);
}

TEST_CASE("cgroup v2 inside a container: its own group is the mount's root") {
  Recorded machine;
  machine.allow("0-15");
  machine.write("proc/self/cgroup", "0::/docker/0123456789abcdef\n");
  machine.write("sys/fs/cgroup/cpu.max", "400000 100000\n");
  CHECK(machine.threads() == 4);
}

TEST_CASE("cgroup v1, joined controllers and hybrid") {
  Recorded machine;
  machine.allow("0-15");
  machine.write("proc/self/cgroup", "5:memory:/a\n4:cpu,cpuacct:/jobs/one\n3:cpuset:/a\n0::/\n");
  machine.write("sys/fs/cgroup/cpu,cpuacct/jobs/one/cpu.cfs_quota_us", "-1\n");
  machine.write("sys/fs/cgroup/cpu,cpuacct/jobs/one/cpu.cfs_period_us", "100000\n");
  CHECK(machine.threads() == 16);
  machine.write("sys/fs/cgroup/cpu,cpuacct/jobs/cpu.cfs_quota_us", "300000\n");
  machine.write("sys/fs/cgroup/cpu,cpuacct/jobs/cpu.cfs_period_us", "100000\n");
  CHECK(machine.threads() == 3);
  machine.write("sys/fs/cgroup/unified/cpu.max", "200000 100000\n");
  CHECK(machine.threads() == 2);
}

TEST_CASE("cgroups that are mounted elsewhere, or only in part") {
  Recorded machine;
  machine.allow("0-15");
  machine.write("proc/self/cgroup", "4:cpu,cpuacct:/jobs/one\n0::/docker/abc/inner\n");
  machine.write("proc/self/mountinfo",
                "30 23 0:26 /docker/abc /mnt/groups rw - cgroup2 cgroup2 rw\n"
                "35 31 0:32 / /mnt/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct\n");
  machine.write("mnt/groups/inner/cpu.max", "500000 100000\n");
  CHECK(machine.threads() == 5);
  machine.write("mnt/cpu/jobs/cpu.cfs_quota_us", "300000\n");
  machine.write("mnt/cpu/jobs/cpu.cfs_period_us", "100000\n");
  CHECK(machine.threads() == 3);
}

TEST_CASE("efficiency cores are left out") {
  Recorded intel;
  intel.allow("0-11");
  intel.write("sys/devices/cpu_core/cpus", "0-3\n");
  CHECK(intel.threads() == 4);
  intel.allow("4-11");  // only efficiency cores allowed: then those
  CHECK(intel.threads() == 8);

  Recorded arm;
  arm.allow("0-7");
  for (int i = 0; i < 8; ++i) arm.cpu(i, "cpu_capacity", i < 4 ? "325\n" : i < 7 ? "871\n" : "1024\n");
  CHECK(arm.threads() == 4);

  Recorded rk3588;  // four Cortex-A55 at 1.8 GHz, four Cortex-A76 in two clusters whose fastest clocks differ a little
  rk3588.allow("0-7");
  for (int i = 0; i < 8; ++i) {
    rk3588.cpu(i, "cpu_capacity", i < 4 ? "414\n" : i < 6 ? "1000\n" : "1024\n");
    rk3588.cpu(i, "cpufreq/cpuinfo_max_freq", i < 4 ? "1800000\n" : i < 6 ? "2352000\n" : "2400000\n");
    rk3588.cpu(i, "topology/thread_siblings_list", std::to_string(i) + "\n");
  }
  CHECK(rk3588.threads() == 4);
  rk3588.allow("0-5");
  CHECK(rk3588.threads() == 2);
  rk3588.allow("0-3");  // taskset to the small cores: the user wants those
  CHECK(rk3588.threads() == 4);

  Recorded raspberry_pi_5;  // four equal Cortex-A76
  raspberry_pi_5.allow("0-3");
  for (int i = 0; i < 4; ++i) {
    raspberry_pi_5.cpu(i, "cpu_capacity", "1024\n");
    raspberry_pi_5.cpu(i, "cpufreq/cpuinfo_max_freq", "2400000\n");
    raspberry_pi_5.cpu(i, "topology/thread_siblings_list", std::to_string(i) + "\n");
  }
  CHECK(raspberry_pi_5.threads() == 4);

  Recorded boost;  // equal cores whose top frequencies differ a little
  boost.allow("0-3");
  for (int i = 0; i < 4; ++i) boost.cpu(i, "cpufreq/cpuinfo_max_freq", i == 0 ? "5700000\n" : "5100000\n");
  CHECK(boost.threads() == 4);
}

TEST_CASE("everything at once: the smallest wins") {
  Recorded machine;
  machine.allow("0-11");
  machine.write("sys/devices/cpu_core/cpus", "0-7\n");
  for (int i = 0; i < 8; ++i) {
    machine.cpu(i, "topology/thread_siblings_list",
                std::to_string(i / 2 * 2) + "-" + std::to_string(i / 2 * 2 + 1) + "\n");
  }
  CHECK(machine.threads() == 4);
  machine.write("proc/self/cgroup", "0::/\n");
  machine.write("sys/fs/cgroup/cpu.max", "300000 100000\n");
  CHECK(machine.threads() == 3);
}

TEST_CASE("this machine") { CHECK(brim::kernels::default_threads() >= 1); }

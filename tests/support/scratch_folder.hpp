// A folder of a test's own that goes with it: in memory where there is such a file system, because a test that writes many
// files to be synced would wait for the disk.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace brim::test {

struct ScratchFolder {
  std::string path = [] {
    std::string name = std::string(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp") + "/brim-test-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for a test");
    return name;
  }();
  ScratchFolder() = default;
  ScratchFolder(const ScratchFolder&) = delete;
  ~ScratchFolder() { std::filesystem::remove_all(path); }
};

}  // namespace brim::test

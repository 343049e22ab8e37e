// A folder for one test that is removed with the object: in memory if there is a file system for that, because a test
// that writes many synced files would wait for the disk.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
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

  /// Writes a file below the folder, and the folders that lead to it.
  void write(const std::string& below, const std::string& text) const {
    const std::filesystem::path file = std::filesystem::path(path) / below;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
  }
};

}  // namespace brim::test

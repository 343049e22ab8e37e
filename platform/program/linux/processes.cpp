// See platform/program/processes.hpp.
#include "platform/program/processes.hpp"

#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

extern char** environ;

namespace brim::platform {
namespace {

constexpr const char* kThisProgram = "/proc/self/exe";

int result_of(pid_t child) noexcept {
  int status = 0;
  if (::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

}  // namespace

std::string this_program() {
  std::error_code failure;
  const std::filesystem::path path = std::filesystem::read_symlink(kThisProgram, failure);
  return failure ? std::string() : path.string();
}

bool can_run(const std::string& name) {
  const char* folders = ::getenv("PATH");
  std::string_view left = folders == nullptr ? "" : folders;
  while (!left.empty()) {
    const std::string folder(left.substr(0, left.find(':')));
    left.remove_prefix(std::min(folder.size() + 1, left.size()));
    if (::access(((folder.empty() ? "." : folder) + "/" + name).c_str(), X_OK) == 0) return true;
  }
  return false;
}

int run_program(std::vector<std::string> words) {
  std::vector<char*> list;
  for (std::string& word : words) list.push_back(word.data());
  list.push_back(nullptr);
  pid_t child = 0;
  return ::posix_spawnp(&child, list[0], nullptr, nullptr, list.data(), environ) == 0 ? result_of(child) : -1;
}

int run_this_program(char** words) {
  pid_t child = 0;
  return ::posix_spawn(&child, kThisProgram, nullptr, nullptr, words, environ) == 0 ? result_of(child) : -1;
}

void set_environment(const char* name, const char* value, bool replace) noexcept {
  ::setenv(name, value, replace ? 1 : 0);
}

}  // namespace brim::platform

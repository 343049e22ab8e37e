// See stale_files.hpp. A lock (flock) distinguishes a living writer from a dead one: the system releases the lock when
// the process ends, however it ends. Process ids are in the names for people to read; they are reused and mean nothing
// in another container.
#include "platform/linux/stale_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "platform/linux/open_descriptor.hpp"

namespace brim {
namespace {

constexpr std::size_t kMaxName = 200;  // of 255, so that the temporary name fits too
constexpr std::string_view kMark = ".part-";

/// "NAME.part-"
std::string name_before_pid(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  return name.substr(0, kMaxName).append(kMark);
}

/// "123-4"
bool is_pid_and_number(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto digits = [](std::string_view part) {
    return !part.empty() && std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  return dash != std::string_view::npos && digits(text.substr(0, dash)) && digits(text.substr(dash + 1));
}

void remove_if_stale(const std::string& path) {
  const Descriptor file = open_descriptor(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  struct stat opened {
  }, named{};
  if (!file || ::fstat(file.number(), &opened) != 0) return;
  if (!S_ISREG(opened.st_mode) || (opened.st_mode & kTemporaryMark) == 0) return;
  if (opened.st_uid != ::geteuid() || opened.st_nlink != 1) return;
  if (::flock(file.number(), LOCK_EX | LOCK_NB) != 0) return;
  // Since it was opened, its writer may have published it, and another writer may have begun under the name.
  if (::lstat(path.c_str(), &named) != 0 || named.st_ino != opened.st_ino || named.st_dev != opened.st_dev) return;
  ::unlink(path.c_str());
}

}  // namespace

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string temporary_prefix(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  return folder + name_before_pid(path) + std::to_string(::getpid()) + "-";
}

void remove_stale_files(const std::string& path) noexcept {
  try {
    const std::string folder = folder_of(path), begin = name_before_pid(path);
    const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(folder.c_str()), &::closedir);
    if (listing == nullptr) return;
    while (const dirent* entry = ::readdir(listing.get())) {
      const std::string_view name = entry->d_name;
      if (name.starts_with(begin) && is_pid_and_number(name.substr(begin.size()))) {
        remove_if_stale(folder + "/" + std::string(name));
      }
    }
  } catch (...) {
    // When there is no memory for the names, the files remain until the next time.
  }
}

}  // namespace brim

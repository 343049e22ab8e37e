// See platform/private_files.hpp.
#include "platform/private_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "platform/linux/open_descriptor.hpp"
#include "platform/system_error_text.hpp"

namespace brim::platform {
namespace {

/// Empty, or the reason why a file with these attributes may have been written by another user.
std::string distrust(const struct stat& facts) {
  if (facts.st_uid != ::geteuid()) return "belongs to another user";
  if ((facts.st_mode & (S_IWGRP | S_IWOTH)) != 0) return "may be written by other users";
  return {};
}

}  // namespace

Status make_private_folders(const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string folder = path.substr(0, end);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
      return error(ErrorCode::io, "cannot create the folder ", folder, ": ", system_error_text(errno));
    }
    if (end == std::string::npos) return {};
  }
}

FolderCheck check_private_folder(const std::string& path) {
  const Descriptor opened = open_descriptor(path, O_RDONLY | O_DIRECTORY);
  struct stat facts {};
  if (!opened || ::fstat(opened.number(), &facts) != 0) return {errno, {}};
  return {0, distrust(facts)};
}

Descriptor open_private_file(const std::string& path, std::string& why) {
  Descriptor file = open_descriptor(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  struct stat facts {};
  if (!file) {
    if (errno != ENOENT) why = errno == ELOOP ? "is a link" : system_error_text(errno);
  } else if (::fstat(file.number(), &facts) != 0) {
    why = system_error_text(errno);
  } else {
    why = S_ISREG(facts.st_mode) ? distrust(facts) : "is not a regular file";
  }
  return why.empty() ? std::move(file) : Descriptor();
}

bool folder_has_file(const std::string& folder, std::string_view ending, std::uint64_t bytes) {
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(folder.c_str()), &::closedir);
  if (listing == nullptr) return false;
  while (const dirent* entry = ::readdir(listing.get())) {
    struct stat facts {};
    if (!std::string_view(entry->d_name).ends_with(ending)) continue;
    if (::lstat((folder + "/" + entry->d_name).c_str(), &facts) == 0 && S_ISREG(facts.st_mode) &&
        static_cast<std::uint64_t>(facts.st_size) == bytes) {
      return true;
    }
  }
  return false;
}

std::vector<ListedFile> list_files(const std::string& folder, std::string_view ending) {
  std::vector<ListedFile> found;
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(folder.c_str()), &::closedir);
  if (listing == nullptr) return found;
  constexpr std::int64_t kNanoseconds = 1000000000;
  while (const dirent* entry = ::readdir(listing.get())) {
    struct stat facts {};
    if (!std::string_view(entry->d_name).ends_with(ending)) continue;
    if (::lstat((folder + "/" + entry->d_name).c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) continue;
    found.push_back({entry->d_name, static_cast<std::uint64_t>(facts.st_size),
                     std::int64_t{facts.st_mtim.tv_sec} * kNanoseconds + facts.st_mtim.tv_nsec});
  }
  return found;
}

void remove_file(const std::string& path) noexcept { ::unlink(path.c_str()); }

}  // namespace brim::platform

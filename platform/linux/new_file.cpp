// See platform/new_file.hpp.
#include "platform/new_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "platform/linux/open_descriptor.hpp"
#include "platform/linux/stale_files.hpp"
#include "platform/system_error_text.hpp"

namespace brim {
namespace {

constexpr std::size_t kMaxWrite = std::size_t{16} << 20;  // per system call
constexpr int kMaxLinks = 40;                             // the same as the system's limit
constexpr int kMaxTries = 100;                            // of names that exist already

Error failure_of(const std::string& path, int number) {
  const ErrorCode code = number == ENOMEM ? ErrorCode::out_of_memory : ErrorCode::io;
  return error(code, "cannot write ", path, ": ", system_error_text(number));
}

// Repeats a system call that a signal interrupted.
template <class Call>
auto uninterrupted(Call call) noexcept {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

// The folder that must be synced so that a new name in it survives a crash. None where it may not be opened. Errors:
// io.
Result<Descriptor> open_folder_of(const std::string& path) {
  const std::string name = folder_of(path);
  Descriptor folder = open_descriptor(name, O_RDONLY | O_DIRECTORY);
  if (!folder && errno != EACCES) return failure_of(path, errno);
  return folder;
}

// After this, the new name survives a crash of the machine. Some file systems cannot sync a folder, and do not need it.
Status sync_folder(const Descriptor& folder, const std::string& path) {
  if (!folder) return {};
  const int result = uninterrupted([&] { return ::fsync(folder.number()); });
  if (result == 0 || errno == EINVAL || errno == ENOTSUP) return {};
  return error(ErrorCode::io, path, " was written, but its folder could not be synced: ", system_error_text(errno));
}

}  // namespace

// A link into a folder that does not exist leads nowhere, and is itself replaced.
Result<std::string> replaced_name(const std::string& path) {
  std::string name = path;
  for (int links = 0; links < kMaxLinks; ++links) {
    struct stat facts {};
    if (::lstat(name.c_str(), &facts) != 0 || !S_ISLNK(facts.st_mode)) return name;
    // A link in /proc to a file that was deleted reads as "NAME (deleted)", which would become another file.
    if (struct stat end{}; ::stat(name.c_str(), &end) == 0 && end.st_nlink == 0) {
      return error(ErrorCode::invalid_argument, path,
                   " is a file that was deleted, so it cannot be replaced: name another file");
    }
    std::string target(static_cast<std::size_t>(std::max<off_t>(facts.st_size, 4095)) + 1, '\0');
    const ssize_t size = ::readlink(name.c_str(), target.data(), target.size());
    if (size < 0) return failure_of(path, errno);
    target.resize(static_cast<std::size_t>(size));
    std::string next = target.starts_with('/') ? target : folder_of(name) + "/" + target;
    if (::lstat(folder_of(next).c_str(), &facts) != 0 && errno == ENOENT) return name;
    name = std::move(next);
  }
  return failure_of(path, ELOOP);
}

// Beyond this limit the system sends SIGXFSZ, which ends the process.
std::uint64_t file_size_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return UINT64_MAX;
  return limit.rlim_cur;
}

// A file without a name gets one later through /proc.
Status NewFile::open_nameless(unsigned mode, bool& offered) {
#ifdef O_TMPFILE
  descriptor_ = open_descriptor(folder_of(path_), O_TMPFILE | O_RDWR, mode);
  if (descriptor_) {
    char place[32];
    std::snprintf(place, sizeof place, "/proc/self/fd/%d", descriptor_.number());
    offered = ::access(place, F_OK) == 0;
    if (!offered) descriptor_ = Descriptor();
  } else if (errno == EMFILE || errno == ENFILE || errno == ENOSPC || errno == EDQUOT || errno == EROFS ||
             errno == EIO) {
    return failure_of(path_, errno);
  }
#else
  (void)mode;
  offered = false;
#endif
  return {};
}

std::string NewFile::free_name() const {
  static std::atomic<unsigned> number{0};
  return temporary_prefix(path_) + std::to_string(number.fetch_add(1, std::memory_order_relaxed));
}

Status NewFile::open_named(unsigned mode) {
  for (int tries = 0; tries < kMaxTries; ++tries) {
    const std::string name = free_name();
    descriptor_ = open_descriptor(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode | kTemporaryMark);
    if (!descriptor_ && errno == EEXIST) continue;
    if (!descriptor_) return failure_of(path_, errno);
    temporary_ = name;
    // Until the file is locked, another writer may take it for a stale one; that writer then removes it, while it holds
    // the lock. File systems without locks have no writers that do this.
    struct stat own {
    }, named{};
    if (::flock(descriptor_.number(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      temporary_.clear();
      continue;
    }
    if (::fstat(descriptor_.number(), &own) != 0) return failure_of(path_, errno);
    if (::lstat(name.c_str(), &named) == 0 && own.st_ino == named.st_ino && own.st_dev == named.st_dev) return {};
    temporary_.clear();
  }
  return failure_of(path_, EEXIST);
}

Result<NewFile> NewFile::create(const std::string& path, Permissions permissions) {
  NewFile file;
  BRIM_ASSIGN(file.path_, replaced_name(path));
  struct stat replaced {};
  const bool there = ::lstat(file.path_.c_str(), &replaced) == 0;
  if (!there && errno != ENOENT) return failure_of(path, errno);  // the name is too long, for example
  const bool replaces = there && !S_ISLNK(replaced.st_mode);
  if (replaces && !S_ISREG(replaced.st_mode)) {
    return error(ErrorCode::invalid_argument, path,
                 " is not a regular file, so it cannot be replaced: name another file");
  }
  remove_stale_files(file.path_);
  unsigned mode = 0600;
  if (permissions == Permissions::usual) {
    if (replaces) file.mode_ = static_cast<int>(replaced.st_mode & 0777);
    mode = replaces ? (replaced.st_mode & 0777) | 0600 : 0666;
  }
  bool nameless = false;
  BRIM_TRY(file.open_nameless(mode, nameless));
  if (!nameless) BRIM_TRY(file.open_named(mode));
  return file;
}

WriteFault NewFile::try_write_at(std::uint64_t offset, std::span<const std::byte> bytes) const noexcept {
  if (const std::uint64_t end = offset + bytes.size(), limit = file_size_limit(); end > limit)
    return {EFBIG, limit, end};
  while (!bytes.empty()) {
    const ssize_t wrote = uninterrupted([&] {
      return ::pwrite(descriptor(), bytes.data(), std::min(bytes.size(), kMaxWrite), static_cast<off_t>(offset));
    });
    if (wrote < 0) return {errno, 0, 0};
    if (wrote == 0) return {ENOSPC, 0, 0};  // a disk that accepts nothing and reports no error
    bytes = bytes.subspan(static_cast<std::size_t>(wrote));
    offset += static_cast<std::uint64_t>(wrote);
  }
  return {};
}

Error NewFile::failure(const WriteFault& fault) const {
  if (fault.number != EFBIG || fault.limit == 0) return failure_of(path_, fault.number);
  return error(ErrorCode::io, "cannot write ", path_, ": it would have at least ", fault.size,
               " bytes, but this process may write files of at most ", fault.limit,
               " bytes (RLIMIT_FSIZE; see ulimit -f)");
}

Status NewFile::write(std::span<const std::byte> bytes) {
  if (const WriteFault fault = try_write_at(size_, bytes)) return failure(fault);
  size_ += bytes.size();
  return {};
}

Result<InputFile> NewFile::reading() const {
  Descriptor copy(::fcntl(descriptor(), F_DUPFD_CLOEXEC, descriptor()));
  if (!copy) return failure_of(path_, errno);
  return InputFile::of(std::move(copy), path_);
}

Status NewFile::give_name() {
  char place[32];
  std::snprintf(place, sizeof place, "/proc/self/fd/%d", descriptor());
  for (int tries = 0; tries < kMaxTries; ++tries) {
    const std::string name = free_name();
    // Locked before it has a name, so that it is never taken for a stale file.
    ::flock(descriptor(), LOCK_EX | LOCK_NB);
    if (uninterrupted([&] { return ::linkat(AT_FDCWD, place, AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW); }) == 0) {
      temporary_ = name;
      return {};
    }
    if (errno != EEXIST) break;
  }
  return failure_of(path_, errno);
}

Status NewFile::publish_as(const std::string& path) {
  path_ = path;
  remove_stale_files(path_);  // the name that leftovers have changes with the file's
  return publish();
}

Status NewFile::publish() {
  struct stat own {};
  if (::fstat(descriptor(), &own) != 0) return failure_of(path_, errno);
  const mode_t mode = mode_ >= 0 ? static_cast<mode_t>(mode_) : own.st_mode & 0777;
  const auto set_mode = [&](mode_t bits) { return uninterrupted([&] { return ::fchmod(descriptor(), bits); }); };
  const bool marked = set_mode(mode | kTemporaryMark) == 0;
  if (!marked && errno != EPERM && errno != EINVAL && errno != ENOTSUP) return failure_of(path_, errno);
  if (!marked && mode_ >= 0 && set_mode(mode) != 0) return failure_of(path_, errno);
  if (uninterrupted([&] { return ::fsync(descriptor()); }) != 0) return failure_of(path_, errno);
  BRIM_ASSIGN(const Descriptor folder, open_folder_of(path_));  // first: afterwards all descriptors may be in use
  if (temporary_.empty()) BRIM_TRY(give_name());
  if (uninterrupted([&] { return ::rename(temporary_.c_str(), path_.c_str()); }) != 0) return failure_of(path_, errno);
  temporary_.clear();
  if (marked && set_mode(mode) != 0) {
    return error(ErrorCode::io, path_, " was written, but its mode could not be set: ", system_error_text(errno));
  }
  return sync_folder(folder, path_);
}

void NewFile::discard() noexcept {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());  // while it is locked: it belongs to this process
  temporary_.clear();
}

NewFile::NewFile(NewFile&& other) noexcept
    : descriptor_(std::move(other.descriptor_)),
      path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      mode_(other.mode_),
      size_(other.size_) {}

NewFile& NewFile::operator=(NewFile&& other) noexcept {
  discard();
  descriptor_ = std::move(other.descriptor_);
  path_ = std::move(other.path_);
  temporary_ = std::exchange(other.temporary_, {});
  mode_ = other.mode_;
  size_ = other.size_;
  return *this;
}

NewFile::~NewFile() { discard(); }

Status write_new_file(const std::string& path, std::string_view text, NewFile::Permissions permissions) {
  BRIM_ASSIGN(NewFile file, NewFile::create(path, permissions));
  BRIM_TRY(file.write(text));
  return file.publish();
}

}  // namespace brim

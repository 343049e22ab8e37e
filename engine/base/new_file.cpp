// See new_file.hpp.
#include "engine/base/new_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace brim {
namespace {

Error failure(const std::string& path, int number) {
  const ErrorCode code = number == ENOMEM ? ErrorCode::out_of_memory : ErrorCode::io;
  return error(code, "cannot write ", path, ": ", std::generic_category().message(number));
}

// After this a crash of the machine finds the new name. Some file systems cannot sync a folder, and need not be told.
Status sync_folder_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return errno == EACCES ? Status() : failure(path, errno);
  const int refused = ::fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP ? 0 : errno;
  ::close(descriptor);
  return refused == 0 ? Status() : failure(path, refused);
}

}  // namespace

Status NewFile::open_unique() {
  std::string name = path_ + ".XXXXXX";
  descriptor_ = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor_ < 0) return failure(path_, errno);
  temporary_ = name;
  return {};
}

// Who holds the lock on the file that has the name writes. The file may have been published, and so lost the name, between
// opening and locking it: then again.
Status NewFile::open_part() {
  const std::string name = path_ + ".part";
  for (;;) {
    descriptor_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (descriptor_ < 0) return failure(path_, errno);
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      return error(ErrorCode::io, "cannot write ", path_, ": somebody else is writing it (", name, ")");
    }
    struct stat own {}, named {};
    if (::fstat(descriptor_, &own) != 0) return failure(path_, errno);
    if (::stat(name.c_str(), &named) == 0 && own.st_ino == named.st_ino && own.st_dev == named.st_dev) break;
    ::close(std::exchange(descriptor_, -1));
  }
  temporary_ = name;
  return ::ftruncate(descriptor_, 0) == 0 ? Status() : failure(path_, errno);
}

Result<NewFile> NewFile::create(const std::string& path, std::size_t bytes, Neighbour neighbour) {
  NewFile file;
  file.path_ = path;
  BRIM_TRY(neighbour == Neighbour::unique ? file.open_unique() : file.open_part());
  // Room is asked for now: a write to a mapped page that the disk has no room for ends the process.
  if (const int refused = ::posix_fallocate(file.descriptor_, 0, static_cast<off_t>(bytes)); refused != 0) {
    return failure(path, refused);
  }
  void* data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.descriptor_, 0);
  if (data == MAP_FAILED) return failure(path, errno);
  file.data_ = static_cast<std::byte*>(data);
  file.size_ = bytes;
  return file;
}

Status NewFile::publish() {
  if (::msync(data_, size_, MS_SYNC) != 0 || ::fsync(descriptor_) != 0) return failure(path_, errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return failure(path_, errno);
  temporary_.clear();
  return sync_folder_of(path_);
}

NewFile::NewFile(NewFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})) {}

NewFile::~NewFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());  // while it is locked: nobody else's
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace brim

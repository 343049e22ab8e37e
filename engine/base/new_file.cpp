// See new_file.hpp.
#include "engine/base/new_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace brim {
namespace {

Error failure(const std::string& path, int number) {
  return error(ErrorCode::io, "cannot write ", path, ": ", std::generic_category().message(number));
}

}  // namespace

Result<NewFile> NewFile::create(const std::string& path, std::size_t bytes) {
  NewFile file;
  file.path_ = path;
  std::string name = path + ".XXXXXX";
  file.descriptor_ = ::mkostemp(name.data(), O_CLOEXEC);
  if (file.descriptor_ < 0) return failure(path, errno);
  file.temporary_ = name;
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
  return {};
}

NewFile::NewFile(NewFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})) {}

NewFile::~NewFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

}  // namespace brim

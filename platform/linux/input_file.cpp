// See platform/input_file.hpp.
#include "platform/input_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "platform/linux/open_descriptor.hpp"
#include "platform/system_error_text.hpp"

namespace brim {
namespace {

constexpr std::size_t kMaxRead = std::size_t{16} << 20;  // per system call

std::int64_t nanoseconds(const timespec& time) { return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

FileIdentity identity_of(const struct stat& facts) {
  return {facts.st_dev, facts.st_ino, static_cast<std::uint64_t>(facts.st_size), nanoseconds(facts.st_mtim),
          nanoseconds(facts.st_ctim)};
}

}  // namespace

Error ReadFault::error() const {
  if (number != 0)
    return brim::error(ErrorCode::io, "cannot read ", file->path(), " at byte ", offset, ": ",
                       system_error_text(number));
  return brim::error(ErrorCode::io, file->path(), " ends at byte ", offset, ", expected ", file->size(),
                     " bytes: it was cut off while it was being read");
}

std::optional<FileIdentity> file_identity(const std::string& path) noexcept {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return std::nullopt;
  return identity_of(facts);
}

Result<InputFile> InputFile::open(const std::string& path) {
  // Without O_NONBLOCK, opening a named pipe without a writer would wait forever.
  Descriptor descriptor = open_descriptor(path, O_RDONLY | O_NONBLOCK);
  if (!descriptor) return error(ErrorCode::io, "cannot open ", path, ": ", system_error_text(errno));
  return of(std::move(descriptor), path);
}

Result<InputFile> InputFile::of(Descriptor descriptor, const std::string& path) {
  InputFile file;
  file.path_ = path;
  file.descriptor_ = std::move(descriptor);
  struct stat facts {};
  if (::fstat(file.descriptor(), &facts) != 0) {
    return error(ErrorCode::io, "cannot read the size of ", path, ": ", system_error_text(errno));
  }
  if (S_ISDIR(facts.st_mode)) return error(ErrorCode::bad_file, path, " is a directory, not a file");
  if (!S_ISREG(facts.st_mode)) {
    return error(ErrorCode::bad_file, path, " is not a regular file (a pipe or a device cannot be read by position)");
  }
  file.identity_ = identity_of(facts);
  return file;
}

void InputFile::expect_sequential() const noexcept { ::posix_fadvise(descriptor(), 0, 0, POSIX_FADV_SEQUENTIAL); }

ReadFault InputFile::try_read(std::uint64_t offset, std::span<std::byte> bytes) const noexcept {
  while (!bytes.empty()) {
    const ssize_t got =
        ::pread(descriptor(), bytes.data(), std::min(bytes.size(), kMaxRead), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return {this, got < 0 ? errno : 0, offset};
    bytes = bytes.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

Status InputFile::read(std::uint64_t offset, std::span<std::byte> bytes) const {
  if (const ReadFault fault = try_read(offset, bytes)) return fault.error();
  return {};
}

Status InputFile::check_unchanged() const {
  struct stat facts {};
  if (::fstat(descriptor(), &facts) != 0)
    return error(ErrorCode::io, "cannot look at ", path_, ": ", system_error_text(errno));
  FileIdentity now = identity_of(facts);
  // Adding or removing a name changes ctime, but not a byte of the content.
  now.changed_ns = identity_.changed_ns;
  if (now == identity_) return {};
  return error(ErrorCode::io, path_, " was changed while it was being read: expected ", identity_.size,
               " bytes as they were at the start, found ", now.size, "; read it again when it is complete");
}

Result<std::string> read_text_file(const std::string& path, std::size_t max_bytes) {
  BRIM_ASSIGN(const InputFile file, InputFile::open(path));
  if (file.size() > max_bytes) {
    return error(ErrorCode::bad_file, path, " has ", file.size(), " bytes, expected at most ", max_bytes);
  }
  std::string text(static_cast<std::size_t>(file.size()), '\0');
  BRIM_TRY(file.read(0, std::as_writable_bytes(std::span(text))));
  return text;
}

}  // namespace brim

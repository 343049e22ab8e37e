// See failing_io.hpp. The original functions are found by their names after this program's own (RTLD_NEXT).
#include "tests/faults/failing_io.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstddef>

namespace {

using brim::test::IoFault;

std::atomic<long> countdown{-1};
std::atomic<IoFault> kind{IoFault::error_io};
std::atomic<bool> hit{false}, nameless{true};

/// Whether this call is the one that fails.
bool is_hit() {
  for (long left = countdown.load(); left >= 0;) {
    if (!countdown.compare_exchange_weak(left, left - 1)) continue;
    if (left == 0) hit.store(true);
    return left == 0;
  }
  return false;
}

/// Whether a call without a count must fail; sets errno. Calls that only query a file are never interrupted.
bool fails(bool interruptible = true) {
  if ((!interruptible && kind.load() == IoFault::interrupted) || !is_hit()) return false;
  switch (kind.load()) {
    case IoFault::error_io:
      errno = EIO;
      return true;
    case IoFault::error_space:
      errno = ENOSPC;
      return true;
    case IoFault::interrupted:
      errno = EINTR;
      return true;
    case IoFault::short_count:
      break;
  }
  return false;
}

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

/// The number of bytes for a read or write: half of the requested bytes if that is its fault. False: the call fails.
bool count_of(std::size_t& size) {
  if (!is_hit()) return true;
  if (kind.load() == IoFault::short_count) {
    size = size > 1 ? size / 2 : size;
    return true;
  }
  errno = kind.load() == IoFault::error_io ? EIO : kind.load() == IoFault::error_space ? ENOSPC : EINTR;
  return false;
}

}  // namespace

namespace brim::test {

void fail_io(long calls, IoFault fault) {
  hit.store(false);
  kind.store(fault);
  countdown.store(calls);
}
bool io_failed() { return hit.load(); }
void offer_nameless_files(bool offered) { nameless.store(offered); }

}  // namespace brim::test

extern "C" {

int open(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(list, mode_t) : 0;
  va_end(list);
  if ((flags & O_TMPFILE) == O_TMPFILE && !nameless.load()) {
    errno = EOPNOTSUPP;
    return -1;
  }
  if (fails()) return -1;
  static const auto real = next<int (*)(const char*, int, ...)>("open");
  return real(path, flags, mode);
}

ssize_t pread(int file, void* bytes, std::size_t size, off_t offset) {
  if (!count_of(size)) return -1;
  static const auto real = next<ssize_t (*)(int, void*, std::size_t, off_t)>("pread");
  return real(file, bytes, size, offset);
}

ssize_t pwrite(int file, const void* bytes, std::size_t size, off_t offset) {
  if (!count_of(size)) return -1;
  static const auto real = next<ssize_t (*)(int, const void*, std::size_t, off_t)>("pwrite");
  return real(file, bytes, size, offset);
}

int fsync(int file) {
  static const auto real = next<int (*)(int)>("fsync");
  return fails() ? -1 : real(file);
}

int fstat(int file, struct stat* facts) noexcept {
  static const auto real = next<int (*)(int, struct stat*)>("fstat");
  return fails(false) ? -1 : real(file, facts);
}

int fchmod(int file, mode_t mode) noexcept {
  static const auto real = next<int (*)(int, mode_t)>("fchmod");
  return fails() ? -1 : real(file, mode);
}

int rename(const char* from, const char* to) noexcept {
  static const auto real = next<int (*)(const char*, const char*)>("rename");
  return fails() ? -1 : real(from, to);
}

int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) noexcept {
  static const auto real = next<int (*)(int, const char*, int, const char*, int)>("linkat");
  return fails() ? -1 : real(from_folder, from, to_folder, to, flags);
}

}  // extern "C"

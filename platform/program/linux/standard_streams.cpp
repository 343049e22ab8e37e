// See platform/program/standard_streams.hpp.
#include "platform/program/standard_streams.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace brim::platform {

bool open_standard_streams() noexcept {
  for (int descriptor = kStandardInput; descriptor <= kStandardError; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) continue;
    // open() returns the lowest free number, which is `descriptor`: those below it are open by now.
    int opened = ::open("/dev/null", O_RDWR);
    if (opened < 0) opened = ::open("/", O_PATH);  // a chroot without /dev: neither read nor written
    if (opened != descriptor) return false;
  }
  return true;
}

std::ptrdiff_t write_some(int descriptor, std::string_view bytes) noexcept {
  return ::write(descriptor, bytes.data(), bytes.size());
}

std::ptrdiff_t read_some(int descriptor, std::span<char> bytes) noexcept {
  return ::read(descriptor, bytes.data(), bytes.size());
}

}  // namespace brim::platform

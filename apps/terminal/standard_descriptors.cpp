// See standard_descriptors.hpp.
#include "apps/terminal/standard_descriptors.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace brim::apps {

void open_standard_descriptors() noexcept {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) continue;
    // open() returns the lowest free number, which is `descriptor`: those below it are open by now.
    int opened = ::open("/dev/null", O_RDWR);
    if (opened < 0) opened = ::open("/", O_PATH);  // a chroot without /dev: neither read nor written
    if (opened != descriptor) ::_exit(1);
  }
}

}  // namespace brim::apps

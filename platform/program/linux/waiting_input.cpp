// See platform/program/waiting_input.hpp.
#include "platform/program/waiting_input.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace brim::platform {

InputKind input_kind(int descriptor) noexcept {
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0) return InputKind::none;
  if (S_ISREG(facts.st_mode)) return InputKind::file;
  if (S_ISFIFO(facts.st_mode)) return InputKind::pipe;
  if (S_ISSOCK(facts.st_mode)) return InputKind::socket;
  return S_ISDIR(facts.st_mode) ? InputKind::folder : InputKind::device;
}

bool holds_bytes(int descriptor, int milliseconds) noexcept {
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0) return false;
  if (S_ISREG(facts.st_mode)) return facts.st_size > ::lseek(descriptor, 0, SEEK_CUR);
  if (!S_ISFIFO(facts.st_mode) && !S_ISSOCK(facts.st_mode)) return false;
  pollfd input{descriptor, POLLIN, 0};
  if (::poll(&input, 1, milliseconds) <= 0 || (input.revents & POLLIN) == 0) return false;
  int bytes = 0;
  return ::ioctl(descriptor, FIONREAD, &bytes) == 0 && bytes > 0;
}

Waited wait_for_input(int first, int second, int milliseconds) noexcept {
  pollfd waits[] = {{first, POLLIN, 0}, {second, POLLIN, 0}};
  if (::poll(waits, 2, milliseconds) < 0) return {errno, false, false};
  return {0, waits[0].revents != 0, waits[1].revents != 0};
}

}  // namespace brim::platform

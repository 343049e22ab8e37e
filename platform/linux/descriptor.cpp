// See platform/descriptor.hpp and open_descriptor.hpp.
#include "platform/linux/open_descriptor.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace brim {
namespace {

constexpr int kFirstFree = 3;  // above standard input, output and error

}  // namespace

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

Descriptor open_descriptor(const std::string& path, int flags, mode_t mode) noexcept {
  int number = -1;
  do {
    number = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (number < 0 && errno == EINTR);
  Descriptor opened(number);
  if (number < 0 || number >= kFirstFree) return opened;
  return Descriptor(::fcntl(number, F_DUPFD_CLOEXEC, kFirstFree));
}

}  // namespace brim

// See unread_input.hpp.
#include "apps/command_line/unread_input.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/commands.hpp"

namespace brim::apps {
namespace {

// Both sides of a pipe are started at the same time: what writes may be a moment late.
constexpr int kPatience = 500;  // milliseconds

}  // namespace

bool input_waits() {
  struct stat info {};
  if (::fstat(STDIN_FILENO, &info) != 0) return false;
  if (S_ISREG(info.st_mode)) return info.st_size > ::lseek(STDIN_FILENO, 0, SEEK_CUR);
  if (!S_ISFIFO(info.st_mode) && !S_ISSOCK(info.st_mode)) return false;
  pollfd input{STDIN_FILENO, POLLIN, 0};
  if (::poll(&input, 1, kPatience) <= 0 || (input.revents & POLLIN) == 0) return false;
  int bytes = 0;
  return ::ioctl(STDIN_FILENO, FIONREAD, &bytes) == 0 && bytes > 0;
}

void refuse_unread_input(std::string_view instead) {
  if (!input_waits()) return;
  throw Failure(2, fmt::format("standard input holds text that would not be read: {}; leave one of them out (</dev/null: no "
                               "standard input)", instead));
}

}  // namespace brim::apps

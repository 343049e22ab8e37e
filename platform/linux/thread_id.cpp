// See platform/thread_id.hpp.
#include "platform/thread_id.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace brim::platform {

int this_thread_id() noexcept { return static_cast<int>(::syscall(SYS_gettid)); }

// Signal 0: only checks the thread, nothing is sent.
bool thread_lives(int id) noexcept { return ::syscall(SYS_tgkill, ::getpid(), id, 0) == 0 || errno != ESRCH; }

}  // namespace brim::platform

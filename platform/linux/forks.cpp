// See platform/forks.hpp. glibc removes the handlers of a library when it is unloaded.
#include "platform/forks.hpp"

#include <pthread.h>

namespace brim::platform {

bool on_fork_in_child(void (*handler)() noexcept) noexcept { return pthread_atfork(nullptr, nullptr, handler) == 0; }

}  // namespace brim::platform

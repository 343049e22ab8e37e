// fork() copies memory but only one thread: what counts on other threads has to be told.
#pragma once

namespace brim::platform {

/// Has `handler` called in every child that fork() creates from now on, before fork() returns there; not for vfork()
/// and posix_spawn(), whose children only start another program. Returns whether that could be arranged.
bool on_fork_in_child(void (*handler)() noexcept) noexcept;

}  // namespace brim::platform

// fork() copies memory but only one thread: code that relies on other threads has to be notified.
#pragma once

namespace brim::platform {

/// Registers `handler` to be called in every child that fork() creates from now on, before fork() returns there; not
/// for vfork() and posix_spawn(), whose children only start another program. Returns whether it could be registered.
bool on_fork_in_child(void (*handler)() noexcept) noexcept;

}  // namespace brim::platform

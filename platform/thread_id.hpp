// Threads by number.
#pragma once

namespace brim::platform {

/// The calling thread's number, which no other living thread has; never 0.
int this_thread_id() noexcept;
/// Whether a thread of this process has that number. May change errno.
bool thread_lives(int id) noexcept;

}  // namespace brim::platform

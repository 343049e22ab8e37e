// Everything that the library keeps per thread: sixteen bytes, zero when a thread starts, with no destructor when it
// ends. If the library was loaded by dlopen(), as Python and Node do, a thread_local elsewhere would be allocated at
// its first use in a thread, and the C library ends the process when that allocation fails. Hence the initial-exec
// model: these bytes are part of what the system reserves when it creates a thread (lint.thread_locals).
#pragma once

#include <cstdint>

namespace brim::platform {

struct ThreadState {
  void* rendering;           ///< engine/template/jinja: the memory account of the template that this thread renders
  std::uint16_t error_slot;  ///< engine/api/last_error.cpp: which slot holds the message, and the rest of these
  std::uint16_t error_status;
  std::uint32_t error_claim;
};
static_assert(sizeof(ThreadState) == 16);

/// The calling thread's.
[[gnu::tls_model("initial-exec")]] extern constinit thread_local ThreadState thread_state;

}  // namespace brim::platform

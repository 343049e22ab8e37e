// See platform/thread_state.hpp.
#include "platform/thread_state.hpp"

#include <mutex>

namespace brim::platform {

constinit thread_local ThreadState thread_state{};

// The C++ runtime keeps 32 bytes of its own per thread, among them which exceptions are being handled. In a program
// that did not load that runtime at its start, these bytes are allocated when a thread throws for the first time. This
// includes throwing because there is no memory, and then the process ends. A reference to one of the runtime's
// variables through a TLS descriptor, resolved while this library is loaded, makes the system place all of them where
// initial-exec variables lie. A plain initial-exec reference would do the same, but then a process in which another
// library has thrown already could not load this library.
[[gnu::used, gnu::retain]] static void keep_exception_state_in_place() noexcept {
#if defined(__GLIBCXX__) && defined(__x86_64__)
  asm volatile(
      "leaq _ZSt15__once_callable@TLSDESC(%%rip), %%rax\n\t"
      "call *_ZSt15__once_callable@TLSCALL(%%rax)"
      :
      :
      : "rax", "cc");
#elif defined(__GLIBCXX__) && defined(__aarch64__)
  asm volatile("" : : "r"(&std::__once_callable));  // compilers for ARM use descriptors anyway
#endif
}

}  // namespace brim::platform

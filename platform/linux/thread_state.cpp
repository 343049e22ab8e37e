// See platform/thread_state.hpp.
#include "platform/thread_state.hpp"

#include <mutex>

namespace brim::platform {

constinit thread_local ThreadState thread_state{};

// The C++ runtime keeps 32 bytes per thread of its own, among them which exceptions are being handled. In a program
// that did not load that runtime at its start they are allocated when a thread throws for the first time — also to
// report that there is no memory, and then the process ends. A reference to one of the runtime's variables through a
// TLS descriptor, resolved while this library is loaded, makes the system place all of them where initial-exec
// variables lie. A plain initial-exec reference would do the same, but a process in which another library has thrown
// already could not load this one any more.
[[gnu::used, gnu::retain]] static void keep_exception_state_in_place() noexcept {
#if defined(__GLIBCXX__) && defined(__x86_64__)
  asm volatile(
      "leaq _ZSt15__once_callable@TLSDESC(%%rip), %%rax\n\t"
      "call *_ZSt15__once_callable@TLSCALL(%%rax)"
      :
      :
      : "rax", "cc");
#elif defined(__GLIBCXX__) && defined(__aarch64__)
  asm volatile("" : : "r"(&std::__once_callable));  // descriptors are how ARM's compilers do it anyway
#endif
}

}  // namespace brim::platform

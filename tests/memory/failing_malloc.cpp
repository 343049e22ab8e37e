// See failing_malloc.hpp. The actual allocation uses the second names of glibc's own functions.
#include "tests/memory/failing_malloc.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstddef>

#include "tests/support/allocation_count.hpp"

#ifdef BRIM_REPLACE_MALLOC

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* memory);
}

namespace {

std::atomic<long> live{0};
constexpr long kNever = LONG_MIN;

// Allocations until the first that fails: of this thread, and of all other threads except the one that requested it.
constinit thread_local long countdown = kNever;
constinit thread_local bool goes_on = false, failed = false, asked = false;
std::atomic<long> others_countdown{kNever};
std::atomic<bool> others_go_on{false}, others_failed{false};

bool this_thread_fails() {
  if (countdown == kNever) return false;
  if (countdown > 0) {
    --countdown;
    return false;
  }
  if (!goes_on) countdown = kNever;
  return failed = true;
}

bool another_thread_fails() {
  if (asked || others_countdown.load() == kNever) return false;
  // Below 0: the failure is past. The count cannot reach kNever, because a test has fewer allocations than that takes.
  const long left = others_countdown.fetch_sub(1);
  if (left > 0 || (left < 0 && !others_go_on.load())) return false;
  others_failed.store(true);
  return true;
}

bool fails() {
  if (!this_thread_fails() && !another_thread_fails()) return false;
  errno = ENOMEM;
  return true;
}

void* counted(void* memory) {
  if (memory != nullptr) live.fetch_add(1, std::memory_order_relaxed);
  return memory;
}

}  // namespace

namespace brim::test {

void fail_allocation(long index, Failing how, Where where) {
  const bool here = where == Where::this_thread;
  failed = false;
  asked = !here;
  goes_on = how == Failing::from_then_on;
  others_failed.store(false);
  others_go_on.store(goes_on);
  countdown = here ? index : kNever;
  others_countdown.store(here ? kNever : index);
}
bool allocation_failed() {
  countdown = kNever;
  others_countdown.store(kNever);
  return failed || others_failed.load();
}
long live_allocations() { return live.load(); }

}  // namespace brim::test

extern "C" {

void* malloc(std::size_t size) { return fails() ? nullptr : counted(__libc_malloc(size)); }
void* calloc(std::size_t count, std::size_t size) { return fails() ? nullptr : counted(__libc_calloc(count, size)); }
void* realloc(void* memory, std::size_t size) {
  if (fails()) return nullptr;
  void* const moved = __libc_realloc(memory, size);
  return memory == nullptr ? counted(moved) : moved;
}
void* memalign(std::size_t alignment, std::size_t size) {
  return fails() ? nullptr : counted(__libc_memalign(alignment, size));
}
void* aligned_alloc(std::size_t alignment, std::size_t size) { return memalign(alignment, size); }
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  void* const found = memalign(alignment, size);
  if (found == nullptr) return ENOMEM;
  *memory = found;
  return 0;
}
void free(void* memory) {
  if (memory != nullptr) live.fetch_sub(1, std::memory_order_relaxed);
  __libc_free(memory);
}

void* mmap(void* at, std::size_t size, int protection, int flags, int file, off_t offset) noexcept {
  if (fails()) return MAP_FAILED;
  void* const memory = reinterpret_cast<void*>(::syscall(SYS_mmap, at, size, protection, flags, file, offset));
  if (memory != MAP_FAILED) live.fetch_add(1, std::memory_order_relaxed);
  return memory;
}
int munmap(void* memory, std::size_t size) noexcept {
  live.fetch_sub(1, std::memory_order_relaxed);
  return static_cast<int>(::syscall(SYS_munmap, memory, size));
}

}  // extern "C"

#else

namespace brim::test {
void fail_allocation(long index, Failing how, Where where) {
  if (where == Where::this_thread) fail_new(index, how == Failing::from_then_on);
}
bool allocation_failed() { return new_failed(); }
long live_allocations() { return 0; }
}  // namespace brim::test

#endif

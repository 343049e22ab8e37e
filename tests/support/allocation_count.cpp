// See allocation_count.hpp: replaces the global allocation functions of the test program in all forms, because
// sanitizers replace each form.
#include "tests/support/allocation_count.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

// The thread sanitizer cannot share these functions: under it nothing is counted.
#if defined(__SANITIZE_THREAD__)
#define BRIM_COUNTS_ALLOCATIONS 0
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define BRIM_COUNTS_ALLOCATIONS 0
#endif
#endif
#ifndef BRIM_COUNTS_ALLOCATIONS
#define BRIM_COUNTS_ALLOCATIONS 1
#endif

#if !BRIM_COUNTS_ALLOCATIONS
std::size_t brim::test::allocation_count() { return 0; }
std::size_t brim::test::allocated_bytes() { return 0; }
void brim::test::fail_new(long, bool) {}
bool brim::test::new_failed() { return false; }
#else

namespace {

std::atomic<std::size_t> allocations{0}, bytes{0};

constinit thread_local long countdown = -1;  // allocations until the one that fails; −1: none fails
constinit thread_local bool goes_on = false, failed = false;

bool fails() {
  if (countdown < 0) return false;
  if (countdown > 0) {
    --countdown;
    return false;
  }
  if (!goes_on) countdown = -1;
  return failed = true;
}

void* allocate(std::size_t size, std::size_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  bytes.fetch_add(size, std::memory_order_relaxed);
  if (fails()) throw std::bad_alloc();
  if (size == 0) size = 1;
  const std::size_t rounded = alignment == 0 ? size : (size + alignment - 1) / alignment * alignment;
  void* memory = alignment == 0 ? std::malloc(size) : std::aligned_alloc(alignment, rounded);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

std::size_t brim::test::allocation_count() { return allocations.load(std::memory_order_relaxed); }
std::size_t brim::test::allocated_bytes() { return bytes.load(std::memory_order_relaxed); }

void brim::test::fail_new(long index, bool and_all_that_follow) {
  failed = false;
  goes_on = and_all_that_follow;
  countdown = index;
}

bool brim::test::new_failed() {
  countdown = -1;
  return failed;
}

void* operator new(std::size_t size) { return allocate(size, 0); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  allocations.fetch_add(1, std::memory_order_relaxed);
  bytes.fetch_add(size, std::memory_order_relaxed);
  return fails() ? nullptr : std::malloc(size == 0 ? 1 : size);
}
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  try {
    return operator new(size, alignment);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void* operator new[](std::size_t size) { return operator new(size); }
void* operator new[](std::size_t size, std::align_val_t alignment) { return operator new(size, alignment); }
void* operator new[](std::size_t size, const std::nothrow_t& tag) noexcept { return operator new(size, tag); }
void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t& tag) noexcept {
  return operator new(size, alignment, tag);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

#endif

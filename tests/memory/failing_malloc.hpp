// A program that links this allocates through it: blocks from malloc's family and mmap are counted, and their calls can
// be made to fail. Under a sanitizer, which has its own malloc, only operator new is replaced
// (tests/support/allocation_count), and only in the calling thread.
#pragma once

namespace brim::test {

enum class Failing { once, from_then_on };
enum class Where { this_thread, other_threads };

/// From now on allocation number `index` (0: the next) of the calling thread, or of all others together, fails: only
/// that one, or that one and all that follow it there.
void fail_allocation(long index, Failing how = Failing::once, Where where = Where::this_thread);
/// Whether one has failed; this also ends the failures. Must be called by the same thread.
bool allocation_failed();
/// Allocations and mappings of all threads that have not been freed. Always 0 under a sanitizer, which detects leaks
/// itself.
long live_allocations();

}  // namespace brim::test

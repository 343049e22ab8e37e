// A program that links this allocates through it: what malloc's family and mmap give is counted, and one call of them can be
// made to fail. Under a sanitizer, which brings a malloc of its own, operator new alone is (tests/support/allocation_count).
#pragma once

namespace brim::test {

/// From now on the calling thread's allocation number `index` (0: the next) fails, that one alone.
void fail_allocation(long index);
/// Whether it has failed; no other will from now on.
bool allocation_failed();
/// Allocations and mappings of all threads that are not given back yet. Always 0 under a sanitizer, which looks for leaks itself.
long live_allocations();

}  // namespace brim::test

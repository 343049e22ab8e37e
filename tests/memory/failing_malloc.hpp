// A program that links this allocates through it: what malloc's family and mmap give is counted, and calls of them can
// be made to fail. Under a sanitizer, which brings a malloc of its own, operator new alone is
// (tests/support/allocation_count), and in the calling thread alone.
#pragma once

namespace brim::test {

enum class Failing { once, from_then_on };
enum class Where { this_thread, other_threads };

/// From now on allocation number `index` (0: the next) of the calling thread, or of all others together, fails: that
/// one alone, or it and all that follow it there.
void fail_allocation(long index, Failing how = Failing::once, Where where = Where::this_thread);
/// Whether one has failed; no other will from now on. To be called by the same thread.
bool allocation_failed();
/// Allocations and mappings of all threads that are not given back yet. Always 0 under a sanitizer, which looks for
/// leaks itself.
long live_allocations();

}  // namespace brim::test

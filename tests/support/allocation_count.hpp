// Counts the allocations of a test program, for code that promises to allocate nothing; and makes one allocation fail.
#pragma once

#include <cstddef>

namespace brim::test {

/// How often operator new has been called in this program so far, by all threads, in all its forms.
std::size_t allocation_count();
/// The bytes that these calls requested, whether they were freed since or not.
std::size_t allocated_bytes();

/// From now on the calling thread's operator new number `index` (0: the next) fails: only that one, or also all that
/// follow.
void fail_new(long index, bool and_all_that_follow = false);
/// Whether it has failed; no further one fails from now on.
bool new_failed();

}  // namespace brim::test

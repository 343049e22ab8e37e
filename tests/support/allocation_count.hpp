// Counts what a test program allocates, for code that promises to allocate nothing.
#pragma once

#include <cstddef>

namespace brim::test {

/// How often operator new has been called in this program so far, by all threads, in all its forms.
std::size_t allocation_count();

}  // namespace brim::test

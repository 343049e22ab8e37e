// What brim_last_error() returns: one sentence per thread, kept without allocating and without requiring anything from
// a thread when it ends, because the error is often a lack of memory, or that a thread is about to end.
#pragma once

#include <brim/brim.h>

#include <cstddef>

namespace brim::api {

/// A longer sentence is cut there, at the end of a character, and ends in "…".
inline constexpr std::size_t kMaxSentenceBytes = 1023;

/// Keeps the calling thread's sentence. Allocates nothing; signal handlers may interrupt it but not call it.
void keep_sentence(brim_status status, const char* sentence) noexcept;

/// The sentence kept last by the calling thread, until its next one; "" when it kept none. Where more threads than
/// there is room for (kErrorSlots in last_error.cpp) have failed and are alive: a general sentence for the status.
const char* last_sentence() noexcept;

}  // namespace brim::api

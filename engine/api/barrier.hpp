// The barrier of the C interface: the code between C callers and the engine in every function. Errors become a status
// and a message for the calling thread, exceptions are caught, structs are filled as far as both sides know them.
#pragma once

#include <brim/brim.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <string_view>

#include "engine/base/log.hpp"
#include "engine/base/result.hpp"

namespace brim::api {

brim_status status_of(ErrorCode code) noexcept;
/// Keeps the calling thread's sentence (last_error.hpp) and returns `status`.
brim_status fail(brim_status status, const char* sentence) noexcept;
Error null_argument(const char* name);
/// Returns "text is NULL" where it must not be.
Status check_text(const char* text, std::size_t size);
Progress progress_of(brim_progress callback, void* user);

/// Runs `body`, which returns a Status, behind the exception barrier.
template <class Body>
brim_status guarded(Body&& body) noexcept {
  try {
    const Status status = body();
    return status ? BRIM_OK : fail(status_of(status.error().code), status.error().sentence.c_str());
  } catch (const std::bad_alloc&) {
    return fail(BRIM_OUT_OF_MEMORY, "the machine has no memory left for this call");
  } catch (const std::exception& failure) {
    return fail(BRIM_INTERNAL, failure.what());
  } catch (...) {
    return fail(BRIM_INTERNAL, "an unknown failure");
  }
}

/// Whether the caller's struct can be filled. Errors: invalid_argument when it is NULL or its size is not set.
template <class T>
Status check_out(const T* out, const char* name) {
  if (out == nullptr) return null_argument(name);
  if (out->size < sizeof(std::size_t)) {
    return error(ErrorCode::invalid_argument, name, "->size: expected sizeof *", name, ", found ", out->size);
  }
  return {};
}

/// What a call hands out is nothing until it succeeds, so that no caller uses what an earlier call left there.
template <class T>
void hand_out_nothing(T** out, std::size_t* size = nullptr) noexcept {
  if (out != nullptr) *out = nullptr;
  if (size != nullptr) *size = 0;
}

/// A struct of the caller's `size` is filled as far as both sides know it.
template <class T>
Status hand_out(T* out, const T& filled, const char* name) {
  BRIM_TRY(check_out(out, name));
  const std::size_t size = out->size;
  std::memcpy(out, &filled, std::min(size, sizeof(T)));
  out->size = size;
  return {};
}

/// Copies the result to the caller's array: `*count` is its capacity on entry and the number of results on return.
/// `out` may be NULL where there is nothing to copy or no room for it.
template <class T>
Status copy_out(const T* found, std::size_t size, T* out, std::size_t* count, const char* name) {
  const std::size_t capacity = *count;
  *count = size;
  if (size > capacity) {
    return error(ErrorCode::invalid_argument, name, ": expected room for ", size, ", found ", capacity);
  }
  if (size > 0 && out == nullptr) return null_argument(name);
  if (size > 0) std::memcpy(out, found, size * sizeof(T));
  return {};
}

}  // namespace brim::api

// See barrier.hpp.
#include "engine/api/barrier.hpp"

#include "engine/api/last_error.hpp"

namespace brim::api {

brim_status status_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_argument:
      return BRIM_INVALID_ARGUMENT;
    case ErrorCode::bad_file:
      return BRIM_BAD_FILE;
    case ErrorCode::unsupported:
      return BRIM_UNSUPPORTED;
    case ErrorCode::io:
      return BRIM_IO;
    case ErrorCode::out_of_memory:
      return BRIM_OUT_OF_MEMORY;
    case ErrorCode::cancelled:
      return BRIM_CANCELLED;
    case ErrorCode::wrong_state:
      return BRIM_WRONG_STATE;
    case ErrorCode::internal:
      break;
  }
  return BRIM_INTERNAL;
}

brim_status fail(brim_status status, const char* sentence) noexcept {
  keep_sentence(status, sentence);
  return status;
}

Error null_argument(const char* name) { return error(ErrorCode::invalid_argument, name, " is NULL"); }

Status check_text(const char* text, std::size_t size) {
  if (text == nullptr && size > 0) return null_argument("text");
  return {};
}

Progress progress_of(brim_progress callback, void* user) {
  if (callback == nullptr) return {};
  return [callback, user](long long done, long long total) { return callback(user, done, total) != 0; };
}

}  // namespace brim::api

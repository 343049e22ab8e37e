// Errors as values. Every engine function that can fail returns Result<T> or Status; the sentence in the error is meant
// for people, so it names the file, key, tensor or option, what was expected and what was found. This file is at the
// bottom of the engine.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "engine/base/quote.hpp"
#include "engine/base/sentence.hpp"

namespace brim {

enum class ErrorCode {
  invalid_argument,  ///< the caller's input: an option, a prompt, a path that is not a file
  bad_file,          ///< a file's content is wrong or truncated
  unsupported,       ///< well-formed, but Brim does not do it (named)
  io,                ///< the operating system failed a read, write or map
  out_of_memory,     ///< a budget or the machine is too small; the sentence has the numbers
  cancelled,         ///< the caller asked to stop
  wrong_state,       ///< the object cannot do this now (busy, stale, finished)
  internal,          ///< a defect in Brim
};

struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string sentence;
};

/// Builds an Error from a code and the parts of its sentence. The sentence becomes one line that a terminal can show,
/// whatever text from a file or a caller it contains.
template <class... Parts>
Error error(ErrorCode code, const Parts&... parts) {
  return Error{code, one_line(sentence(parts...))};
}

/// A value or an Error. Reading the wrong one is a defect of the caller (checked by std::get).
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error failure) : state_(std::in_place_index<1>, std::move(failure)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

/// Success or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error failure) : failure_(std::move(failure)) {}

  bool ok() const { return !failure_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const { return *failure_; }

 private:
  std::optional<Error> failure_;
};

using Status = Result<void>;

}  // namespace brim

/// Returns the error of a Status or Result expression from the enclosing function, if it has one.
#define BRIM_TRY(expression)                                        \
  do {                                                              \
    if (auto tried_ = (expression); !tried_) return tried_.error(); \
  } while (false)

#define BRIM_JOIN_(a, b) a##b
#define BRIM_JOIN(a, b) BRIM_JOIN_(a, b)
/// BRIM_ASSIGN(auto file, open(path)): declares or sets the left side from a Result, or returns its error.
#define BRIM_ASSIGN(target, expression) BRIM_ASSIGN_(BRIM_JOIN(brim_result_, __LINE__), target, expression)
#define BRIM_ASSIGN_(result, target, expression) \
  auto result = (expression);                    \
  if (!result) return result.error();            \
  target = std::move(result).value()

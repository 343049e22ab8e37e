// One call from JavaScript: its arguments, checked, and the errors that it can throw. A wrong type is a TypeError that
// names the argument. A text that C would cut (NUL in a path, a key or a value) or that UTF-8 cannot carry (half of a
// surrogate pair) is a TypeError too, as in Node's own functions; a number out of range is a RangeError.
#pragma once

#include <brim/brim.h>
#include <node_api.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <vector>

#include "bindings/node/handles.hpp"

namespace brim_node {

/// Thrown where a JavaScript exception is already pending.
struct Pending {};

/// Throws Pending when a call of N-API failed; if there is no JavaScript exception yet, one is set.
inline void check(napi_env env, napi_status status) {
  if (status == napi_ok) return;
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (!pending) napi_throw_error(env, nullptr, "Brim's native half: a call of Node-API failed");
  throw Pending{};
}

inline napi_value text_value(napi_env env, const char* data, std::size_t size) {
  napi_value value = nullptr;
  check(env, napi_create_string_utf8(env, data, size, &value));
  return value;
}
inline napi_value text_value(napi_env env, const std::string& text) {
  return text_value(env, text.data(), text.size());
}

inline napi_value undefined(napi_env env) {
  napi_value value = nullptr;
  check(env, napi_get_undefined(env, &value));
  return value;
}

inline napi_value flag_value(napi_env env, bool flag) {
  napi_value value = nullptr;
  check(env, napi_get_boolean(env, flag, &value));
  return value;
}

inline napi_value new_object(napi_env env) {
  napi_value value = nullptr;
  check(env, napi_create_object(env, &value));
  return value;
}

inline void put(napi_env env, napi_value object, const char* name, napi_value value) {
  check(env, napi_set_named_property(env, object, name, value));
}
inline void put(napi_env env, napi_value object, const char* name, double number) {
  napi_value value = nullptr;
  check(env, napi_create_double(env, number, &value));
  put(env, object, name, value);
}
inline void put(napi_env env, napi_value object, const char* name, const std::string& text) {
  put(env, object, name, text_value(env, text));
}

/// A typed array with a copy of `values`.
template <class Number>
napi_value typed_array(napi_env env, const std::vector<Number>& values) {
  static_assert(sizeof(Number) == 4);
  void* data = nullptr;
  napi_value buffer = nullptr, array = nullptr;
  check(env, napi_create_arraybuffer(env, values.size() * sizeof(Number), &data, &buffer));
  if (!values.empty()) std::memcpy(data, values.data(), values.size() * sizeof(Number));
  const napi_typedarray_type type = std::is_floating_point_v<Number> ? napi_float32_array : napi_int32_array;
  check(env, napi_create_typedarray(env, type, values.size(), buffer, 0, &array));
  return array;
}

/// An Error whose `status` is the brim_status.
inline napi_value failure(napi_env env, brim_status status, const std::string& sentence) {
  napi_value error = nullptr;
  check(env, napi_create_error(env, nullptr, text_value(env, sentence), &error));
  put(env, error, "status", static_cast<double>(status));
  return error;
}

[[noreturn]] inline void raise(napi_env env, brim_status status, const std::string& sentence) {
  check(env, napi_throw(env, failure(env, status, sentence)));
  throw Pending{};
}

/// Throws the error of the library call on this thread that just failed.
inline void check(napi_env env, brim_status status) {
  if (status != BRIM_OK) raise(env, status, brim_last_error());
}

inline const char* type_name(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  check(env, napi_typeof(env, value, &type));
  switch (type) {
    case napi_undefined:
      return "undefined";
    case napi_null:
      return "null";
    case napi_boolean:
      return "a boolean";
    case napi_number:
      return "a number";
    case napi_string:
      return "a string";
    case napi_symbol:
      return "a symbol";
    case napi_function:
      return "a function";
    case napi_bigint:
      return "a bigint";
    default:
      return "an object";
  }
}

[[noreturn]] inline void wrong_type(napi_env env, const std::string& name, const char* expected, napi_value found) {
  const std::string sentence = name + ": expected " + expected + ", found " + type_name(env, found);
  check(env, napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", sentence.c_str()));
  throw Pending{};
}

[[noreturn]] inline void wrong_value(napi_env env, const std::string& sentence) {
  check(env, napi_throw_type_error(env, "ERR_INVALID_ARG_VALUE", sentence.c_str()));
  throw Pending{};
}

/// Refuses a string with half of a surrogate pair, which Node-API replaces by U+FFFD without a word.
inline void refuse_half_pairs(napi_env env, napi_value value, const std::string& name) {
  std::size_t size = 0;
  check(env, napi_get_value_string_utf16(env, value, nullptr, 0, &size));
  std::u16string units(size, u'\0');
  check(env, napi_get_value_string_utf16(env, value, units.data(), size + 1, &size));
  for (std::size_t at = 0; at < size; ++at) {
    const bool high = units[at] >= 0xD800 && units[at] <= 0xDBFF, low = units[at] >= 0xDC00 && units[at] <= 0xDFFF;
    const bool pair = high && at + 1 < size && units[at + 1] >= 0xDC00 && units[at + 1] <= 0xDFFF;
    if (pair) ++at;
    if (pair || !(high || low)) continue;
    wrong_value(env,
                name + ": character " + std::to_string(at) + " is half of a surrogate pair, which UTF-8 cannot carry");
  }
}

/// A whole string: NUL is a character like others.
inline std::string text_of(napi_env env, napi_value value, const std::string& name) {
  constexpr const char* kReplacement = "\xEF\xBF\xBD";
  std::size_t size = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &size) != napi_ok) wrong_type(env, name, "a string", value);
  std::string out(size, '\0');
  check(env, napi_get_value_string_utf8(env, value, out.data(), size + 1, &size));
  if (out.find(kReplacement) != std::string::npos) refuse_half_pairs(env, value, name);
  return out;
}

/// A string that is passed on NUL-terminated.
inline std::string name_of(napi_env env, napi_value value, const std::string& name) {
  std::string out = text_of(env, value, name);
  const std::size_t nul = out.find('\0');
  if (nul == std::string::npos) return out;
  wrong_value(env, name + ": byte " + std::to_string(nul) + " is NUL, which would end it there");
}

[[noreturn]] inline void out_of_range(napi_env env, const std::string& name, std::int64_t min, std::int64_t max) {
  const std::string sentence =
      name + ": expected a whole number from " + std::to_string(min) + " to " + std::to_string(max);
  check(env, napi_throw_range_error(env, "ERR_OUT_OF_RANGE", sentence.c_str()));
  throw Pending{};
}

inline std::int64_t whole_of(napi_env env, napi_value value, const std::string& name, std::int64_t min,
                             std::int64_t max) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok) wrong_type(env, name, "a number", value);
  if (number >= static_cast<double>(min) && number <= static_cast<double>(max) && number == std::floor(number)) {
    return static_cast<std::int64_t>(number);
  }
  out_of_range(env, name, min, max);
}

inline std::vector<std::int32_t> ids_of(napi_env env, napi_value value, const std::string& name) {
  bool array = false, typed = false;
  check(env, napi_is_typedarray(env, value, &typed));
  if (typed) {
    napi_typedarray_type type{};
    std::size_t count = 0;
    void* data = nullptr;
    check(env, napi_get_typedarray_info(env, value, &type, &count, &data, nullptr, nullptr));
    if (type != napi_int32_array) wrong_type(env, name, "an array of numbers or an Int32Array", value);
    const auto* first = static_cast<const std::int32_t*>(data);
    const auto* const negative = std::find_if(first, first + count, [](std::int32_t id) { return id < 0; });
    if (negative != first + count) out_of_range(env, name, 0, INT32_MAX);
    return {first, first + count};
  }
  check(env, napi_is_array(env, value, &array));
  if (!array) wrong_type(env, name, "an array of numbers or an Int32Array", value);
  std::uint32_t count = 0;
  check(env, napi_get_array_length(env, value, &count));
  std::vector<std::int32_t> ids(count);
  for (std::uint32_t at = 0; at < count; ++at) {
    napi_value id = nullptr;
    check(env, napi_get_element(env, value, at, &id));
    ids[at] = static_cast<std::int32_t>(whole_of(env, id, name, 0, INT32_MAX));
  }
  return ids;
}

template <class Handle>
Box<Handle>& box_of(napi_env env, napi_value value, const std::string& name) {
  napi_valuetype type = napi_undefined;
  bool tagged = false;
  check(env, napi_typeof(env, value, &type));
  if (type == napi_object) check(env, napi_check_object_type_tag(env, value, &kTag<Handle>, &tagged));
  if (!tagged) {
    const std::string expected = std::string("a handle of a ") + kKind<Handle>;
    wrong_type(env, name, expected.c_str(), value);
  }
  void* found = nullptr;
  check(env, napi_unwrap(env, value, &found));
  return *static_cast<Box<Handle>*>(found);
}

template <class Handle>
std::shared_ptr<Handle> handle_of(napi_env env, napi_value value, const std::string& name) {
  const Box<Handle>& found = box_of<Handle>(env, value, name);
  if (!found.handle) raise(env, BRIM_WRONG_STATE, std::string("this ") + kKind<Handle> + " is closed");
  return found.handle;
}

/// A session that is not inside a call.
inline std::shared_ptr<Session> idle_session_of(napi_env env, napi_value value, const std::string& name) {
  std::shared_ptr<Session> session = handle_of<Session>(env, value, name);
  if (session->inside) raise(env, BRIM_WRONG_STATE, "this session is inside another call: one call at a time");
  return session;
}

class Call {
 public:
  Call(napi_env own, napi_callback_info info) : env(own) {
    std::size_t count = kMaxArguments;  // missing arguments are undefined
    check(env, napi_get_cb_info(env, info, &count, values_, nullptr, nullptr));
  }
  std::string text(std::size_t i, const char* name) const { return text_of(env, values_[i], name); }
  std::string name(std::size_t i, const char* name) const { return name_of(env, values_[i], name); }
  bool flag(std::size_t i, const char* name) const {
    bool value = false;
    if (napi_get_value_bool(env, values_[i], &value) != napi_ok) wrong_type(env, name, "a boolean", values_[i]);
    return value;
  }
  /// A whole number from `least` to `most`, which a double holds exactly.
  std::int64_t whole(std::size_t i, const char* name, std::int64_t min, std::int64_t max) const {
    return whole_of(env, values_[i], name, min, max);
  }
  /// Token ids: an array of whole numbers, or an Int32Array.
  std::vector<std::int32_t> ids(std::size_t i, const char* name) const { return ids_of(env, values_[i], name); }
  template <class Handle>
  Box<Handle>& box(std::size_t i) const {
    return box_of<Handle>(env, values_[i], kKind<Handle>);
  }
  template <class Handle>
  std::shared_ptr<Handle> handle(std::size_t i) const {
    return handle_of<Handle>(env, values_[i], kKind<Handle>);
  }
  /// A handle, or null where the argument is undefined.
  template <class Handle>
  std::shared_ptr<Handle> optional_handle(std::size_t i) const {
    napi_valuetype type = napi_undefined;
    check(env, napi_typeof(env, values_[i], &type));
    return type == napi_undefined ? nullptr : handle<Handle>(i);
  }
  napi_value value(std::size_t i) const { return values_[i]; }
  /// A session that is not inside a call.
  std::shared_ptr<Session> idle_session(std::size_t i) const {
    return idle_session_of(env, values_[i], kKind<Session>);
  }
  /// An array of these sessions; the library checks whether they are different.
  std::vector<std::shared_ptr<Session>> idle_sessions(std::size_t i) const {
    bool array = false;
    check(env, napi_is_array(env, values_[i], &array));
    if (!array) wrong_type(env, "sessions", "an array of handles of sessions", values_[i]);
    std::uint32_t count = 0;
    check(env, napi_get_array_length(env, values_[i], &count));
    std::vector<std::shared_ptr<Session>> sessions;
    for (std::uint32_t at = 0; at < count; ++at) {
      napi_value value = nullptr;
      check(env, napi_get_element(env, values_[i], at, &value));
      sessions.push_back(idle_session_of(env, value, "sessions[" + std::to_string(at) + "]"));
    }
    return sessions;
  }
  /// An array of [key, value].
  std::shared_ptr<brim_options> options(std::size_t i) const {
    bool array = false;
    check(env, napi_is_array(env, values_[i], &array));
    if (!array) wrong_type(env, "options", "an array of [key, value]", values_[i]);
    brim_options* raw = nullptr;
    check(env, brim_options_create(&raw));
    std::shared_ptr<brim_options> out(raw, brim_options_free);
    std::uint32_t count = 0;
    check(env, napi_get_array_length(env, values_[i], &count));
    for (std::uint32_t pair = 0; pair < count; ++pair) {
      napi_value row = nullptr, value = nullptr;
      check(env, napi_get_element(env, values_[i], pair, &row));
      check(env, napi_is_array(env, row, &array));
      if (!array) wrong_type(env, "options", "an array of [key, value]", row);
      check(env, napi_get_element(env, row, 0, &value));
      const std::string key = name_of(env, value, "option");
      check(env, napi_get_element(env, row, 1, &value));
      check(env, brim_options_set(raw, key.c_str(), name_of(env, value, key).c_str()));
    }
    return out;
  }

  napi_env env;

 private:
  static constexpr std::size_t kMaxArguments = 5;
  napi_value values_[kMaxArguments] = {};
};

inline Instance& instance(napi_env env) {
  void* found = nullptr;
  check(env, napi_get_instance_data(env, &found));
  return *static_cast<Instance*>(found);
}

/// The object that JavaScript holds for a handle.
template <class Handle>
napi_value wrap(napi_env env, std::shared_ptr<Handle> handle) {
  napi_value object = new_object(env);
  auto box = std::make_unique<Box<Handle>>(Box<Handle>{std::move(handle)});
  check(env, napi_type_tag_object(env, object, &kTag<Handle>));
  check(env, napi_wrap(
                 env, object, box.get(), [](napi_env, void* data, void*) { delete static_cast<Box<Handle>*>(data); },
                 nullptr, nullptr));
  box.release();
  return object;
}

/// The function that N-API calls: no C++ exception leaves it.
template <napi_value (*kBody)(const Call&)>
napi_value function(napi_env env, napi_callback_info info) {
  try {
    return kBody(Call(env, info));
  } catch (const Pending&) {
  } catch (const std::bad_alloc&) {
    napi_throw_error(env, nullptr, "the machine has no memory left for this call");
  }
  return nullptr;
}

}  // namespace brim_node

// How the interpreter stops: one exception type, thrown anywhere below ChatTemplate::parse and ::render and turned into
// an Error there. It never leaves engine/text.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/result.hpp"
#include "engine/base/work_meter.hpp"

namespace brim::templates::jinja {

struct TemplateFailure {
  ErrorCode code = ErrorCode::invalid_argument;
  std::string message;
  int line = 0;              ///< 1-based line of the template; 0 until the interpreter knows it
  int column = 0;            ///< 1-based, syntax errors only
  bool by_template = false;  ///< raise_exception: the message is the template's own, and no line is shown
};

/// Fails with the parts joined; the evaluating code adds the line.
template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  throw TemplateFailure{ErrorCode::invalid_argument, sentence(parts...)};
}

/// Fails at a known line of the source.
template <class... Parts>
[[noreturn]] void fail_at(int line, const Parts&... parts) {
  throw TemplateFailure{ErrorCode::invalid_argument, sentence(parts...), line};
}

/// Counts `units` of work (a null meter: nothing). Fails with ErrorCode::cancelled.
inline void charge(WorkMeter* meter, std::int64_t units) {
  if (!step(meter, units)) throw TemplateFailure{ErrorCode::cancelled, cancelled_error().sentence};
}

/// Fails with ErrorCode::unsupported: well-formed, but this interpreter does not do it.
template <class... Parts>
[[noreturn]] void unsupported_at(int line, const Parts&... parts) {
  throw TemplateFailure{ErrorCode::unsupported, sentence(parts...), line};
}

}  // namespace brim::templates::jinja

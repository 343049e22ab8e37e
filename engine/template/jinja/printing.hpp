// Values as Python prints them: str() and repr().
#pragma once

#include <string>
#include <string_view>

#include "engine/template/jinja/value.hpp"

namespace brim::templates::jinja {

/// str(value): text as it is, undefined as nothing.
String python_str(const Value& value);
/// repr(value).
String python_repr(const Value& value);
/// ascii(value): repr with escapes for everything beyond ASCII.
String python_ascii(const Value& value);
/// repr of a string: quotes chosen and characters escaped as Python does.
String python_quoted(std::string_view text);
/// Decimal digits of an integer.
String integer_text(Integer value);
/// repr of a float: the shortest digits that read back as the same number.
String real_text(double value);

}  // namespace brim::templates::jinja

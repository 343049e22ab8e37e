// Python's two ways to format text: "%s of %d" % (a, b), and "{} of {:>8}".format(a, b) with its format specifications.
#pragma once

#include <string>
#include <string_view>

#include "engine/template/jinja/objects.hpp"
#include "engine/template/jinja/value.hpp"

namespace brim::templates::jinja {

class Interpreter;

/// left % right: right is a tuple of arguments, a mapping, or the only argument.
Value percent_format(const Value& format, const Value& arguments);
/// format.format(…): fields by number, name, attribute and index; conversions !s !r; nested fields in specifications.
Value brace_format(Interpreter& interpreter, const Value& format, const CallArguments& arguments);
/// format(value, specification).
String format_value(const Value& value, std::string_view specification);

/// Digits of a float in one of printf's forms ('e', 'f', 'g', 'E', 'F', 'G'), whatever the locale,
/// with Python's spelling of inf and nan.
/// `alternate` keeps the point and zeros ('#').
String printf_real(double value, char kind, int precision, bool alternate);
/// Digits of |value| in base 2, 8, 10 or 16.
String digits_in_base(Integer value, int base);

inline constexpr int kMaxFormatWidth = 1 << 20;  ///< widths and precisions beyond are refused

}  // namespace brim::templates::jinja

// str.format and the format specification (formats.hpp).
#include <algorithm>
#include <cmath>

#include "engine/template/jinja/arithmetic.hpp"
#include "engine/template/jinja/code_points.hpp"
#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/formats.hpp"
#include "engine/template/jinja/interpreter.hpp"
#include "engine/template/jinja/lexer.hpp"
#include "engine/template/jinja/printing.hpp"
#include "engine/template/jinja/text_operations.hpp"

namespace brim::templates::jinja {
namespace {

struct Specification {
  String fill = " ";
  char align = '\0';
  char sign = '-';
  bool alternate = false;
  int width = 0;
  char grouping = '\0';
  int precision = -1;
  char kind = '\0';
};

bool is_align(char c) { return c == '<' || c == '>' || c == '=' || c == '^'; }

int parse_size(std::string_view text, std::size_t& at) {
  int value = 0;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
    value = value * 10 + (text[at++] - '0');
    if (value > kMaxFormatWidth) fail("a width in a format specification is too large");
  }
  return value;
}

// [[fill]align][sign][#][0][width][grouping][.precision][type]
Specification parse_specification(std::string_view text) {
  Specification spec;
  std::size_t at = 0;
  if (!text.empty()) {
    std::size_t next = 0;
    code_point_at(text, 0, next);
    if (next < text.size() && is_align(text[next])) {
      spec.fill = String(text.substr(0, next));
      spec.align = text[next];
      at = next + 1;
    } else if (is_align(text[0])) {
      spec.align = text[0];
      at = 1;
    }
  }
  const auto at_char = [&](std::string_view set) {
    return at < text.size() && set.find(text[at]) != std::string_view::npos;
  };
  if (at_char("+- ")) spec.sign = text[at++];
  if (at_char("#")) {
    spec.alternate = true;
    ++at;
  }
  if (at_char("0")) {
    if (spec.align == '\0') {
      spec.fill = "0";
      spec.align = '=';
    }
    ++at;
  }
  spec.width = parse_size(text, at);
  if (at_char(",_")) spec.grouping = text[at++];
  if (at_char(".")) {
    ++at;
    if (!at_char("0123456789")) fail("Format specifier missing precision");
    spec.precision = parse_size(text, at);
  }
  if (at < text.size()) spec.kind = text[at++];
  if (at != text.size()) fail("Invalid format specifier");
  return spec;
}

// A separator every `step` digits of the whole part, counted from the right.
String grouped(const String& digits, char separator, std::size_t step) {
  const std::size_t end = std::min(digits.find_first_not_of("0123456789abcdefABCDEF"), digits.size());
  String out;
  for (std::size_t i = 0; i < end; ++i) {
    if (i != 0 && (end - i) % step == 0) out += separator;
    out += digits[i];
  }
  return out + digits.substr(end);
}

String aligned(const String& sign, const String& body, const Specification& spec, char natural) {
  const char align = spec.align == '\0' ? natural : spec.align;
  const long long missing =
      std::max<long long>(0, spec.width - static_cast<long long>(count_code_points(body) + sign.size()));
  if (align == '<') return padded(sign + body, spec.fill, 0, missing);
  if (align == '^') return padded(sign + body, spec.fill, missing / 2, missing - missing / 2);
  if (align == '=') return sign + padded(body, spec.fill, missing, 0);
  return padded(sign + body, spec.fill, missing, 0);
}

String format_integer(Integer value, const Specification& spec) {
  const int base = spec.kind == 'b' ? 2 : spec.kind == 'o' ? 8 : spec.kind == 'x' || spec.kind == 'X' ? 16 : 10;
  if (spec.precision >= 0) fail("Precision not allowed in integer format specifier");
  String digits = digits_in_base(value, base);
  if (spec.kind == 'X') {
    for (char& c : digits) c = static_cast<char>(c >= 'a' && c <= 'f' ? c - 32 : c);
  }
  if (spec.grouping != '\0') digits = grouped(digits, spec.grouping, base == 10 ? 3 : 4);
  String sign = value < 0 ? "-" : spec.sign == '-' ? "" : String(1, spec.sign);
  if (spec.alternate && base != 10) sign += String("0") + spec.kind;
  return aligned(sign, digits, spec, '>');
}

// Without a type a float keeps the digits of repr, or with a precision those of 'g' but with ".0" where it is whole.
String plain_real(double value, int precision) {
  if (precision < 0) return real_text(value);
  String digits = printf_real(value, 'g', std::max(precision, 1), false);
  const std::size_t mark = digits.find('e');
  if (mark == std::string::npos && digits.find('.') == std::string::npos && std::isfinite(value)) {
    // Python switches to the exponent one digit earlier than 'g' here.
    if (static_cast<int>(digits.size()) >= std::max(precision, 1) && digits.size() > 1) {
      digits = printf_real(value, 'e', std::max(precision, 1) - 1, false);
      const std::size_t exponent = digits.find('e');
      String mantissa = digits.substr(0, exponent);
      if (mantissa.find('.') != std::string::npos) {
        mantissa.erase(mantissa.find_last_not_of('0') + 1);
        if (mantissa.back() == '.') mantissa.pop_back();
      }
      return mantissa + digits.substr(exponent);
    }
    digits += ".0";
  }
  return digits;
}

String format_real(double value, const Specification& spec) {
  const double size = std::fabs(value);
  const int precision = spec.precision < 0 ? 6 : spec.precision;
  String digits;
  if (spec.kind == '%') {
    digits = printf_real(size * 100, 'f', precision, spec.alternate) + "%";
  } else if (spec.kind == '\0') {
    digits = plain_real(size, spec.precision);
  } else {
    digits = printf_real(size, spec.kind == 'n' ? 'g' : spec.kind, precision, spec.alternate);
  }
  if (spec.grouping != '\0') digits = grouped(digits, spec.grouping, 3);
  const bool negative = std::signbit(value) && !std::isnan(value);
  return aligned(negative ? "-" : spec.sign == '-' ? "" : String(1, spec.sign), digits, spec, '>');
}

class BraceFormat {
 public:
  BraceFormat(Interpreter& interpreter, const CallArguments& arguments, bool markup)
      : interpreter_(interpreter), arguments_(arguments), named_(arguments), markup_(markup) {}

  String run(std::string_view format, int depth) {
    if (depth > 2) fail("Max string recursion exceeded");
    charge_text(format.size());
    String out;
    for (std::size_t at = 0; at < format.size();) {
      const char c = format[at];
      if (c != '{' && c != '}') {
        out += c;
        ++at;
        continue;
      }
      if (at + 1 < format.size() && format[at + 1] == c) {
        out += c;
        at += 2;
        continue;
      }
      if (c == '}') fail("Single '}' encountered in format string");
      // The field ends at the brace that closes it; its specification may hold fields of its own.
      std::size_t end = at + 1;
      for (int open = 1; end < format.size(); ++end) {
        open += format[end] == '{' ? 1 : format[end] == '}' ? -1 : 0;
        if (open == 0) break;
      }
      if (end >= format.size()) fail("expected '}' before end of string");
      out += field(format.substr(at + 1, end - at - 1), depth);
      if (out.size() > kMaxTextBytes) charge_text(out.size());
      at = end + 1;
    }
    return out;
  }

 private:
  String field(std::string_view field, int depth) {
    // name, then !conversion, then :specification; brackets in the name may hold anything.
    std::size_t name_end = 0;
    for (bool bracket = false; name_end < field.size(); ++name_end) {
      if (field[name_end] == '[') bracket = true;
      if (field[name_end] == ']') bracket = false;
      if (!bracket && (field[name_end] == '!' || field[name_end] == ':')) break;
    }
    Value value = find(field.substr(0, name_end));
    std::string_view rest = field.substr(name_end);
    if (!rest.empty() && rest[0] == '!') {
      if (rest.size() < 2 || (rest.size() > 2 && rest[2] != ':')) fail("expected ':' after conversion specifier");
      if (rest[1] == 'r' || rest[1] == 'a') {
        value = Value::text(rest[1] == 'r' ? python_repr(value) : python_ascii(value));
      } else if (rest[1] == 's') {
        value = Value::text(python_str(value));
      } else {
        fail("Unknown conversion specifier ", rest.substr(1, 1));
      }
      rest.remove_prefix(2);
    }
    const String specification = rest.empty() ? String() : run(rest.substr(1), depth + 1);
    if (markup_) return value.is_markup() ? value.as_text() : escaped(Value::text(format_value(value, specification)));
    return format_value(value, specification);
  }

  Value find(std::string_view name) {
    const std::size_t end = std::min(name.find_first_of(".["), name.size());
    const String first(name.substr(0, end));
    Integer number = 0;
    Value value;
    const bool numbered = !first.empty() && first.find_first_not_of("0123456789") == std::string::npos;
    if (first.empty() || numbered) {
      if (numbering_ != Numbering::none && numbering_ != (first.empty() ? Numbering::automatic : Numbering::manual)) {
        fail("cannot switch between manual field specification and automatic field numbering");
      }
      numbering_ = first.empty() ? Numbering::automatic : Numbering::manual;
      const std::int64_t index = first.empty()                      ? automatic_++
                                 : parse_integer(first, 10, number) ? clamped(number, 0, 1 << 30)
                                                                    : 1 << 30;
      if (index >= static_cast<std::int64_t>(arguments_.positional.size())) {
        fail("Replacement index ", index, " out of range for positional args tuple");
      }
      value = arguments_.positional[static_cast<std::size_t>(index)];
    } else {
      const std::size_t found = named_.find(first);
      if (found == arguments_.named.size()) fail("KeyError: ", python_quoted(first));
      value = arguments_.named[found].second;
    }
    for (std::size_t at = end; at < name.size();) {
      if (name[at] == '.') {
        const std::size_t next = std::min(name.find_first_of(".[", at + 1), name.size());
        value = interpreter_.attribute(value, name.substr(at + 1, next - at - 1));
        at = next;
      } else {
        const std::size_t close = name[at] == '[' ? name.find(']', at) : std::string_view::npos;
        if (close == std::string_view::npos) fail("Missing ']' in format string");
        const String key(name.substr(at + 1, close - at - 1));
        const bool digits = !key.empty() && key.find_first_not_of("0123456789") == std::string::npos;
        value = interpreter_.item(value,
                                  digits && parse_integer(key, 10, number) ? Value::integer(number) : Value::text(key));
        at = close + 1;
      }
    }
    return value;
  }

  Interpreter& interpreter_;
  const CallArguments& arguments_;
  NamedArguments named_;
  bool markup_;
  enum class Numbering { none, automatic, manual } numbering_ = Numbering::none;
  std::int64_t automatic_ = 0;
};

}  // namespace

String format_value(const Value& value, std::string_view specification) {
  if (specification.empty()) return python_str(value);
  if (!value.is_text() && !value.is_number()) {
    fail("unsupported format string passed to ", type_name(value), ".__format__");
  }
  Specification spec = parse_specification(specification);
  const auto bad_kind = [&] {
    fail("Unknown format code '", String(1, spec.kind), "' for object of type '", type_name(value), "'");
  };
  if (value.is_text()) {
    if (spec.kind != '\0' && spec.kind != 's') bad_kind();
    if (spec.align == '=') fail("'=' alignment not allowed in string format specifier");
    String text = value.as_text();
    if (spec.precision >= 0) text.resize(offset_of(text, static_cast<std::size_t>(spec.precision)));
    return aligned({}, text, spec, '<');
  }
  if (value.is_real() || (spec.kind != '\0' && std::string_view("eEfFgG%").find(spec.kind) != std::string_view::npos)) {
    if (spec.kind != '\0' && std::string_view("eEfFgGn%").find(spec.kind) == std::string_view::npos) bad_kind();
    return format_real(value.as_real(), spec);
  }
  if (spec.kind == 'c') {
    String text;
    append_code_point(text, static_cast<char32_t>(clamped(value.as_index(), 0, 0x10FFFF)));
    return aligned({}, text, spec, '<');
  }
  if (spec.kind != '\0' && std::string_view("bdoxXn").find(spec.kind) == std::string_view::npos) bad_kind();
  return format_integer(value.as_index(), spec);
}

Value brace_format(Interpreter& interpreter, const Value& format, const CallArguments& arguments) {
  return Value::text_like(format, BraceFormat(interpreter, arguments, format.is_markup()).run(format.as_text(), 0));
}

}  // namespace brim::templates::jinja

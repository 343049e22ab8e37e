// See printing.hpp.
#include "engine/template/jinja/printing.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "engine/template/jinja/code_points.hpp"
#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/objects.hpp"

namespace brim::templates::jinja {
namespace {

void append_hexadecimal(String& out, char32_t value, int digits) {
  static constexpr char letters[] = "0123456789abcdef";
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += letters[(value >> shift) & 0xF];
}

void append_repr(const Value& value, String& out, int depth);

void append_items(const Vector<Value>& items, String& out, int depth) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i != 0) out += ", ";
    append_repr(items[i], out, depth + 1);
  }
}

void append_dict(const Dict& dict, String& out, int depth) {
  out += '{';
  for (std::size_t i = 0; i < dict.size(); ++i) {
    if (i != 0) out += ", ";
    append_repr(dict.keys[i], out, depth + 1);
    out += ": ";
    append_repr(dict.values[i], out, depth + 1);
  }
  out += '}';
}

void append_object(const Value& value, String& out, int depth) {
  if (const auto* range = value.object_as<Range>()) {
    out += "range(" + integer_text(range->start) + ", " + integer_text(range->stop);
    out += range->step == 1 ? ")" : ", " + integer_text(range->step) + ")";
  } else if (const auto* view = value.object_as<DictView>()) {
    out += String(view->type_name()) + "([";
    for (std::size_t i = 0; i < view->dict->size(); ++i) {
      if (i != 0) out += ", ";
      append_repr(view->at(i), out, depth + 1);
    }
    out += "])";
  } else if (const auto* space = value.object_as<Namespace>()) {
    out += "<Namespace ";
    append_dict(*space->attributes, out, depth);
    out += '>';
  } else if (const auto* macro = value.object_as<Macro>()) {
    const std::string& name = macro->definition->name;
    out += "<Macro " + (name.empty() ? String("anonymous") : python_quoted(name)) + ">";
  } else if (const auto* loop = value.object_as<Loop>()) {
    out += "<LoopContext " + std::to_string(loop->index0 + 1) + "/" + std::to_string(loop->length) + ">";
  } else if (const auto* function = value.object_as<Function>()) {
    // Python adds an address here.
    out += function->self.is_none()
               ? "<function " + function->name + ">"
               : "<built-in method " + function->name + " of " + String(type_name(function->self)) + " object>";
  } else {
    out += "<" + String(value.as_object()->type_name()) + " object>";
  }
}

void append_repr(const Value& value, String& out, int depth) {
  charge_text(out.size() > kMaxTextBytes ? out.size() : 1);
  charge_level();
  if (depth > kMaxValueDepth) fail("maximum recursion depth exceeded while printing a value");
  switch (value.kind()) {
    case Kind::undefined:
      out += "Undefined";
      return;
    case Kind::none:
      out += "None";
      return;
    case Kind::boolean:
      out += value.as_boolean() ? "True" : "False";
      return;
    case Kind::integer:
      out += integer_text(value.as_index());
      return;
    case Kind::real:
      out += real_text(value.as_real());
      return;
    case Kind::text:
      charge_text(value.as_text().size());
      out += value.is_markup() ? "Markup(" + python_quoted(value.as_text()) + ")" : python_quoted(value.as_text());
      return;
    case Kind::list:
      out += '[';
      append_items(value.as_list().items, out, depth);
      out += ']';
      return;
    case Kind::tuple:
      out += '(';
      append_items(value.as_tuple().items, out, depth);
      out += value.as_tuple().items.size() == 1 ? ",)" : ")";
      return;
    case Kind::dict:
      append_dict(value.as_dict(), out, depth);
      return;
    case Kind::object:
      append_object(value, out, depth);
      return;
  }
}

}  // namespace

String python_quoted(std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const bool has_double = text.find('"') != std::string_view::npos;
  const char quote = has_single && !has_double ? '"' : '\'';
  String out(1, quote);
  for (std::size_t offset = 0; offset < text.size();) {
    std::size_t next = 0;
    const char32_t c = code_point_at(text, offset, next);
    if (c == static_cast<char32_t>(quote) || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c >= 0x20 && c < 0x7F) {
      out += static_cast<char>(c);
    } else if (is_printable(c)) {
      out.append(text, offset, next - offset);
    } else {
      out += c < 0x100 ? "\\x" : c < 0x10000 ? "\\u" : "\\U";
      append_hexadecimal(out, c, c < 0x100 ? 2 : c < 0x10000 ? 4 : 8);
    }
    offset = next;
  }
  return out + quote;
}

String integer_text(Integer value) {
  const bool negative = value < 0;
  String digits;
  do {
    const int digit = static_cast<int>(value % 10);
    digits += static_cast<char>('0' + (digit < 0 ? -digit : digit));
    value /= 10;
  } while (value != 0);
  if (negative) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

String real_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  // Shortest digits in scientific form, laid out by Python's rule: an exponent only below 1e-4 and from 1e16 on.
  char buffer[64];
  const auto result = std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific);
  const std::string_view text(buffer, static_cast<std::size_t>(result.ptr - buffer));
  const std::size_t mark = text.find('e');
  int exponent = 0;
  const char* first = text.data() + mark + 1 + (text[mark + 1] == '+');
  std::from_chars(first, text.data() + text.size(), exponent);
  String digits;
  for (const char c : text.substr(0, mark)) {
    if (c >= '0' && c <= '9') digits += c;
  }
  const String sign = text[0] == '-' ? "-" : "";
  if (exponent < -4 || exponent >= 16) {
    String out = sign + digits.substr(0, 1);
    if (digits.size() > 1) out += "." + digits.substr(1);
    const int size = exponent < 0 ? -exponent : exponent;
    return out + (exponent < 0 ? "e-" : "e+") + (size < 10 ? "0" : "") + integer_text(size);
  }
  if (exponent < 0) return sign + "0." + String(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= whole) return sign + digits + String(whole - digits.size(), '0') + ".0";
  return sign + digits.substr(0, whole) + "." + digits.substr(whole);
}

String python_repr(const Value& value) {
  String out;
  append_repr(value, out, 0);
  return out;
}

String python_ascii(const Value& value) {
  const String text = python_repr(value);
  String out;
  for (std::size_t offset = 0; offset < text.size();) {
    const char32_t c = code_point_at(text, offset, offset);
    if (c < 0x80) {
      out += static_cast<char>(c);
    } else {
      out += c < 0x100 ? "\\x" : c < 0x10000 ? "\\u" : "\\U";
      append_hexadecimal(out, c, c < 0x100 ? 2 : c < 0x10000 ? 4 : 8);
    }
  }
  return out;
}

String python_str(const Value& value) {
  if (value.is_text()) return value.as_text();
  if (value.is_undefined()) return {};
  return python_repr(value);
}

}  // namespace brim::templates::jinja

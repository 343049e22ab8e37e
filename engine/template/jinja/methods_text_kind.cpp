// Methods of str that ask what its characters are: isdigit, isalpha, isupper, …
#include "engine/template/jinja/builtins.hpp"
#include "engine/template/jinja/code_points.hpp"
#include "engine/template/jinja/interpreter.hpp"

namespace brim::templates::jinja {
namespace {

// True when there are characters and all of them pass (or, with `empty_passes`, also when there are none).
template <bool (*passes)(char32_t), bool empty_passes = false>
Value all(Interpreter&, const Value& self, const CallArguments& arguments) {
  Parameters("str method", arguments, {});
  const String& text = self.as_text();
  charge_text(text.size());
  for (std::size_t offset = 0; offset < text.size();) {
    if (!passes(code_point_at(text, offset, offset))) return Value::boolean(false);
  }
  return Value::boolean(empty_passes || !text.empty());
}

bool is_alphanumeric(char32_t c) { return is_alphabetic(c) || is_digit(c) || is_numeric(c); }
bool is_ascii(char32_t c) { return c < 0x80; }

template <bool (*wanted)(char32_t), bool (*refused)(char32_t)>
Value one_case(Interpreter&, const Value& self, const CallArguments& arguments) {
  Parameters("str method", arguments, {});
  const String& text = self.as_text();
  charge_text(text.size());
  bool any = false;
  for (std::size_t offset = 0; offset < text.size();) {
    const char32_t c = code_point_at(text, offset, offset);
    if (refused(c) || is_title(c)) return Value::boolean(false);
    any |= wanted(c);
  }
  return Value::boolean(any);
}

Value titled(Interpreter&, const Value& self, const CallArguments& arguments) {
  Parameters("istitle", arguments, {});
  const String& text = self.as_text();
  charge_text(text.size());
  bool any = false, inside = false;
  for (std::size_t offset = 0; offset < text.size();) {
    const char32_t c = code_point_at(text, offset, offset);
    const bool upper = is_cased_upper(c) || is_title(c), lower = is_cased_lower(c);
    if ((upper && inside) || (lower && !inside)) return Value::boolean(false);
    inside = upper || lower;
    any |= inside;
  }
  return Value::boolean(any);
}

Value identifier(Interpreter&, const Value& self, const CallArguments& arguments) {
  Parameters("isidentifier", arguments, {});
  const String& text = self.as_text();
  charge_text(text.size());
  for (std::size_t offset = 0; offset < text.size();) {
    const bool first = offset == 0;
    const char32_t c = code_point_at(text, offset, offset);
    if (first ? !starts_identifier(c) : !continues_identifier(c)) return Value::boolean(false);
  }
  return Value::boolean(!text.empty());
}

constexpr BuiltinEntry kMethods[] = {
    {"isalnum", all<is_alphanumeric>},
    {"isalpha", all<is_alphabetic>},
    {"isascii", all<is_ascii, true>},
    {"isdecimal", all<is_decimal>},
    {"isdigit", all<is_digit>},
    {"isnumeric", all<is_numeric>},
    {"isprintable", all<is_printable, true>},
    {"isspace", all<is_space>},
    {"islower", one_case<is_cased_lower, is_cased_upper>},
    {"isupper", one_case<is_cased_upper, is_cased_lower>},
    {"istitle", titled},
    {"isidentifier", identifier},
};

}  // namespace

BuiltinTable text_kind_methods() { return kMethods; }

}  // namespace brim::templates::jinja

// Methods of str that build new text. On markup (see `safe`) arguments are escaped and the result is markup again.
#include <algorithm>

#include "engine/template/jinja/arithmetic.hpp"
#include "engine/template/jinja/builtins.hpp"
#include "engine/template/jinja/code_points.hpp"
#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/formats.hpp"
#include "engine/template/jinja/interpreter.hpp"
#include "engine/template/jinja/letter_case.hpp"
#include "engine/template/jinja/text_operations.hpp"

namespace brim::templates::jinja {
namespace {

template <String (*change)(std::string_view)>
Value changed(Interpreter&, const Value& self, const CallArguments& arguments) {
  Parameters("str method", arguments, {});
  return Value::text_like(self, change(self.as_text()));
}

// A text argument as the receiver wants it.
String matching(const Value& self, const Value& argument) {
  return self.is_markup() ? escaped(argument) : argument.as_text();
}

template <bool left, bool right>
Value stripped(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("strip", arguments, {"chars"}, 0, Parameters::Names::positional_only);
  charge_text(self.as_text().size());
  std::string_view text = self.as_text();
  if (parameters.given(0) != nullptr) {
    parameters.text(0);
    text = strip_set(text, matching(self, *parameters.get(0)), left, right);
  } else {
    if (left) text = strip_left(text);
    if (right) text = strip_right(text);
  }
  return Value::text_like(self, String(text));
}

Value replace(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("replace", arguments, {"old", "new", "count"}, 2, Parameters::Names::positional_only);
  parameters.text(0);
  parameters.text(1);
  return Value::text_like(
      self, replace_text(self.as_text(), matching(self, *parameters.get(0)), matching(self, *parameters.get(1)),
                         clamped(parameters.integer(2, -1), -1, 1LL << 40)));
}

Value join(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("join", arguments, {"iterable"}, 1, Parameters::Names::positional_only);
  Cursor cursor = interpreter.iterate(*parameters.get(0));
  String out;
  Value item;
  for (std::int64_t i = 0; interpreter.next(cursor, item); ++i) {
    if (!self.is_markup() && !item.is_text()) {
      fail("sequence item ", i, ": expected str instance, ", type_name(item), " found");
    }
    if (i != 0) out += self.as_text();
    out += self.is_markup() ? escaped(item) : item.as_text();
    if (out.size() > kMaxTextBytes) charge_text(out.size());
  }
  return Value::text_like(self, std::move(out));
}

Value format(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  return brace_format(interpreter, self, arguments);
}

Value format_map(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("format_map", arguments, {"mapping"}, 1, Parameters::Names::positional_only);
  if (!parameters.get(0)->is_dict()) fail("format_map() needs a mapping");
  const Dict& dict = parameters.get(0)->as_dict();
  CallArguments named;
  for (std::size_t i = 0; i < dict.size(); ++i) {
    if (dict.keys[i].is_text()) named.named.emplace_back(dict.keys[i].as_text(), dict.values[i]);
  }
  return brace_format(interpreter, self, named);
}

enum class Side { left, right, both };

template <Side side>
Value justified(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("justify", arguments, {"width", "fillchar"}, 1, Parameters::Names::positional_only);
  const String fill = parameters.get(1) == nullptr ? " " : parameters.text(1);
  if (count_code_points(fill) != 1) fail("The fill character must be exactly one character long");
  const long long width = clamped(parameters.integer(0, 0), 0, static_cast<long long>(kMaxTextBytes) + 1);
  const long long missing = std::max(0LL, width - static_cast<long long>(count_code_points(self.as_text())));
  // center gives the odd character to the left when the width is odd.
  const long long left = side == Side::left ? 0 : side == Side::right ? missing : missing / 2 + (missing & width & 1);
  return Value::text_like(self, padded(self.as_text(), fill, left, missing - left));
}

Value zero_filled(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("zfill", arguments, {"width"}, 1, Parameters::Names::positional_only);
  const String& text = self.as_text();
  const long long width = clamped(parameters.integer(0, 0), 0, static_cast<long long>(kMaxTextBytes) + 1);
  const long long missing = std::max(0LL, width - static_cast<long long>(count_code_points(text)));
  const std::size_t sign = !text.empty() && (text[0] == '+' || text[0] == '-');
  return Value::text_like(self, text.substr(0, sign) + padded(text.substr(sign), "0", missing, 0));
}

Value expand_tabs(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("expandtabs", arguments, {"tabsize"});
  const long long size = clamped(parameters.integer(0, 8), 0, kMaxFormatWidth);
  charge_text(self.as_text().size());
  String out;
  long long column = 0;
  for (const char c : self.as_text()) {
    if (c == '\t') {
      const long long spaces = size == 0 ? 0 : size - column % size;
      out.append(static_cast<std::size_t>(spaces), ' ');
      column += spaces;
      if (out.size() > kMaxTextBytes) charge_text(out.size());
    } else {
      out += c;
      column = c == '\n' || c == '\r' ? 0 : column + ((static_cast<unsigned char>(c) & 0xC0) != 0x80);
    }
  }
  return Value::text_like(self, std::move(out));
}

Value remove_prefix(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("removeprefix", arguments, {"prefix"}, 1, Parameters::Names::positional_only);
  const String& text = self.as_text();
  // str's own method, which markup does not wrap: the result is plain.
  return Value::text(text.starts_with(parameters.text(0)) ? text.substr(parameters.text(0).size()) : text);
}

Value remove_suffix(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("removesuffix", arguments, {"suffix"}, 1, Parameters::Names::positional_only);
  const String& text = self.as_text();
  return Value::text(text.ends_with(parameters.text(0)) ? text.substr(0, text.size() - parameters.text(0).size())
                                                        : text);
}

constexpr BuiltinEntry kMethods[] = {
    {"upper", changed<upper_case>},
    {"lower", changed<lower_case>},
    {"title", changed<title_case>},
    {"capitalize", changed<capitalized>},
    {"swapcase", changed<swapped_case>},
    {"casefold", changed<folded_case>},
    {"strip", stripped<true, true>},
    {"lstrip", stripped<true, false>},
    {"rstrip", stripped<false, true>},
    {"replace", replace},
    {"join", join},
    {"format", format},
    {"format_map", format_map},
    {"ljust", justified<Side::left>},
    {"rjust", justified<Side::right>},
    {"center", justified<Side::both>},
    {"zfill", zero_filled},
    {"expandtabs", expand_tabs},
    {"removeprefix", remove_prefix},
    {"removesuffix", remove_suffix},
};

}  // namespace

BuiltinTable text_methods() { return kMethods; }

}  // namespace brim::templates::jinja

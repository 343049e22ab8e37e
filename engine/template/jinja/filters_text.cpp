// Filters that change text: case, trimming, replacing, formatting, and what turns values into text.
#include <cmath>

#include "engine/template/jinja/arithmetic.hpp"
#include "engine/template/jinja/builtins.hpp"
#include "engine/template/jinja/code_points.hpp"
#include "engine/template/jinja/compare.hpp"
#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/formats.hpp"
#include "engine/template/jinja/interpreter.hpp"
#include "engine/template/jinja/json_text.hpp"
#include "engine/template/jinja/letter_case.hpp"
#include "engine/template/jinja/printing.hpp"
#include "engine/template/jinja/text_operations.hpp"

namespace brim::templates::jinja {
namespace {

// markupsafe.soft_str: text stays what it is (markup stays markup), anything else is printed.
Value soft_text(const Value& value) { return value.is_text() ? value : Value::text(python_str(value)); }

Value upper(Interpreter&, const Value& self, const CallArguments& arguments) {
  Parameters("upper", arguments, {});
  return Value::text_like(self, upper_case(soft_text(self).as_text()));
}

Value lower(Interpreter&, const Value& self, const CallArguments& arguments) {
  Parameters("lower", arguments, {});
  return Value::text_like(self, lower_case(soft_text(self).as_text()));
}

Value capitalize(Interpreter&, const Value& self, const CallArguments& arguments) {
  Parameters("capitalize", arguments, {});
  return Value::text_like(self, capitalized(soft_text(self).as_text()));
}

// Words begin after white space, a hyphen or an opening bracket; unlike str.title, an apostrophe begins none.
Value title(Interpreter&, const Value& self, const CallArguments& arguments) {
  Parameters("title", arguments, {});
  const String text = soft_text(self).as_text();
  String out;
  std::size_t word = 0;
  const auto finish = [&](std::size_t end) {
    if (word >= end) return;
    std::size_t second = 0;
    const char32_t first = code_point_at(text, word, second);
    append_upper(out, first);
    out += lower_case(std::string_view(text).substr(second, end - second));
  };
  for (std::size_t offset = 0; offset < text.size();) {
    std::size_t next = 0;
    const char32_t c = code_point_at(text, offset, next);
    if (is_space(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<') {
      finish(offset);
      out.append(text, offset, next - offset);
      word = next;
    }
    offset = next;
  }
  finish(text.size());
  return Value::text(std::move(out));
}

Value trim(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("trim", arguments, {"chars"});
  const Value text = soft_text(self);
  charge_text(text.as_text().size());
  const std::string_view rest = parameters.given(0) == nullptr
                                    ? strip(text.as_text())
                                    : strip_set(text.as_text(), parameters.text(0), true, true);
  return Value::text_like(text, String(rest));
}

Value replace(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("replace", arguments, {"old", "new", "count"}, 2);
  const long long limit = parameters.given(2) == nullptr ? -1 : clamped(parameters.integer(2, -1), -1, 1LL << 40);
  return Value::text(
      replace_text(python_str(self), python_str(*parameters.get(0)), python_str(*parameters.get(1)), limit));
}

Value string(Interpreter&, const Value& self, const CallArguments& arguments) {
  Parameters("string", arguments, {});
  return soft_text(self);
}

Value format(Interpreter&, const Value& self, const CallArguments& arguments) {
  if (!arguments.positional.empty() && !arguments.named.empty()) {
    fail("can't handle positional and keyword arguments at the same time");
  }
  if (arguments.named.empty()) return percent_format(soft_text(self), Value::tuple(arguments.positional));
  auto mapping = make_metered<Dict>();
  for (const auto& [name, value] : arguments.named) mapping->set(Value::text(name), value);
  return percent_format(soft_text(self), Value::dict(std::move(mapping)));
}

Value join(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("join", arguments, {"d", "attribute"});
  const String separator = parameters.get(0) == nullptr ? String() : python_str(*parameters.get(0));
  String out;
  Cursor cursor = interpreter.iterate(self);
  Value item;
  for (bool first = true; interpreter.next(cursor, item); first = false) {
    if (parameters.given(1) != nullptr) item = interpreter.follow(item, *parameters.get(1), nullptr);
    if (!first) out += separator;
    out += python_str(item);
    if (out.size() > kMaxTextBytes) charge_text(out.size());
  }
  return Value::text(std::move(out));
}

// The text a JSON separator or indent is given as.
Value to_json(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style;
  style.ensure_ascii = parameters.boolean(0, false);
  style.sort_keys = parameters.boolean(3, false);
  if (const Value* indent = parameters.given(1)) {
    style.indented = true;
    style.item_separator = ",";
    style.indent = indent->is_text()
                       ? indent->as_text()
                       : String(static_cast<std::size_t>(clamped(parameters.integer(1, 0), 0, kMaxFormatWidth)), ' ');
  }
  if (const Value* separators = parameters.given(2)) {
    const auto* pair = separators->sequence();
    if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_text() || !(*pair)[1].is_text()) {
      fail("tojson() needs two strings as separators");
    }
    style.item_separator = (*pair)[0].as_text();
    style.key_separator = (*pair)[1].as_text();
  }
  return Value::text(json_text(self, style));
}

Value word_count(Interpreter&, const Value& self, const CallArguments& arguments) {
  Parameters("wordcount", arguments, {});
  const String text = python_str(self);
  charge_text(text.size());
  Integer count = 0;
  bool inside = false;
  for (std::size_t offset = 0; offset < text.size();) {
    const bool word = is_word(code_point_at(text, offset, offset));
    count += word && !inside;
    inside = word;
  }
  return Value::integer(count);
}

Value url_encode(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  Parameters("urlencode", arguments, {});
  const auto quote = [](const Value& value, bool query) {
    static constexpr char digits[] = "0123456789ABCDEF";
    String out;
    const String text = python_str(value);
    charge_text(text.size());
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
                         c == '.' || c == '-' || c == '~' || (c == '/' && !query);
      if (plain) {
        out += c;
      } else if (c == ' ' && query) {
        out += '+';
      } else {
        out += {'%', digits[byte >> 4], digits[byte & 15]};
      }
    }
    return out;
  };
  if (self.is_text() || !interpreter.is_iterable(self)) return Value::text(quote(self, false));
  const Value pairs = self.is_dict() ? Value::object(make_metered<DictView>(self, DictView::Part::items)) : self;
  String out;
  Cursor cursor = interpreter.iterate(pairs);
  Value item;
  while (interpreter.next(cursor, item)) {
    const auto pair = interpreter.collect(item);
    if (pair.size() != 2) fail("urlencode() needs pairs of key and value");
    out += (out.empty() ? "" : "&") + quote(pair[0], true) + "=" + quote(pair[1], true);
    if (out.size() > kMaxTextBytes) charge_text(out.size());
  }
  return Value::text(std::move(out));
}

Value file_size(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("filesizeformat", arguments, {"binary"});
  if (!self.is_number()) fail("filesizeformat() needs a number, not ", type_name(self));
  const bool binary = parameters.boolean(0, false);
  const double bytes = self.as_real(), base = binary ? 1024 : 1000;
  if (bytes == 1) return Value::text("1 Byte");
  if (bytes < base) return Value::text(printf_real(std::trunc(bytes), 'f', 0, false) + " Bytes");
  double unit = base;
  std::string_view prefix = "kMGTPEZY";
  if (binary) prefix = "KMGTPEZY";
  std::size_t i = 0;
  for (; i + 1 < prefix.size() && bytes >= unit * base; ++i) unit *= base;
  return Value::text(printf_real(bytes / unit, 'f', 1, false) + " " + prefix[i] + (binary ? "iB" : "B"));
}

constexpr BuiltinEntry kTextFilters[] = {
    {"upper", upper},
    {"lower", lower},
    {"capitalize", capitalize},
    {"title", title},
    {"trim", trim},
    {"replace", replace},
    {"string", string},
    {"format", format},
    {"join", join},
    {"tojson", to_json},
    {"wordcount", word_count},
    {"urlencode", url_encode},
    {"filesizeformat", file_size},
};

}  // namespace

BuiltinTable text_filters() { return kTextFilters; }

}  // namespace brim::templates::jinja

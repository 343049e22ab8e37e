// Filters that lay text out: indent, center, truncate, wordwrap, pprint.
#include <algorithm>

#include "engine/template/jinja/arithmetic.hpp"
#include "engine/template/jinja/builtins.hpp"
#include "engine/template/jinja/code_points.hpp"
#include "engine/template/jinja/compare.hpp"
#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/formats.hpp"
#include "engine/template/jinja/interpreter.hpp"
#include "engine/template/jinja/printing.hpp"
#include "engine/template/jinja/text_operations.hpp"

namespace brim::templates::jinja {
namespace {

Value indent(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("indent", arguments, {"width", "first", "blank"});
  if (self.is_undefined()) fail(self.undefined_message());
  if (!self.is_text()) fail("indent() needs a string, not ", type_name(self));
  const Value* width = parameters.get(0);
  const String indention =
      width != nullptr && width->is_text()
          ? width->as_text()
          : String(static_cast<std::size_t>(clamped(parameters.integer(0, 4), 0, kMaxFormatWidth)), ' ');
  const bool blank = parameters.boolean(2, false);
  const String text = self.as_text() + "\n";
  String out = parameters.boolean(1, false) ? indention : String();
  bool first = true;
  for (const std::string_view line : split_lines(text, false)) {
    if (!first) {
      out += '\n';
      if (blank || !line.empty()) out += indention;
      if (out.size() > kMaxTextBytes) charge_text(out.size());
    }
    out += line;
    first = false;
  }
  return Value::text_like(self, std::move(out));
}

Value center(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("center", arguments, {"width"});
  const String text = python_str(self);
  const long long width = clamped(parameters.integer(0, 80), 0, static_cast<long long>(kMaxTextBytes) + 1);
  const long long missing = std::max(0LL, width - static_cast<long long>(count_code_points(text)));
  // Python gives the odd space to the left when the width is odd.
  const long long left = missing / 2 + (missing & width & 1);
  return Value::text_like(self, padded(text, " ", left, missing - left));
}

Value truncate(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("truncate", arguments, {"length", "killwords", "end", "leeway"});
  const String end = parameters.get(2) == nullptr ? "..." : parameters.text(2);
  const long long limit = clamped(parameters.integer(0, 255), -1, 1LL << 40);
  const long long leeway = parameters.given(3) == nullptr ? 5 : clamped(parameters.integer(3, 5), -1, 1LL << 40);
  const auto end_length = static_cast<long long>(count_code_points(end));
  if (limit < end_length) fail("expected length >= ", end_length, ", got ", limit);
  if (leeway < 0) fail("expected leeway >= 0, got ", leeway);
  const std::int64_t size = interpreter.length(self);
  if (size >= 0 && size <= limit + leeway) return self;
  if (!self.is_text()) fail("truncate() needs a string, not ", type_name(self));
  const String& text = self.as_text();
  String out = text.substr(0, offset_of(text, static_cast<std::size_t>(limit - end_length)));
  if (!parameters.boolean(1, false)) {
    const std::size_t space = out.rfind(' ');
    if (space != std::string::npos) out.resize(space);
  }
  return Value::text_like(self, out + end);
}

// One paragraph of textwrap.wrap: chunks are words and the blanks between them; hyphens inside words allow a break.
class Wrapper {
 public:
  Wrapper(std::size_t width, bool break_long_words, bool break_on_hyphens)
      : width_(width), break_long_words_(break_long_words), break_on_hyphens_(break_on_hyphens) {}

  Vector<String> wrap(std::string_view line) {
    charge_text(line.size());
    Vector<String> lines;
    Vector<Chunk> chunks = split(line);
    std::size_t at = 0;
    while (at < chunks.size()) {
      Vector<std::string_view> current;
      std::size_t used = 0;
      if (!lines.empty() && chunks[at].blank) ++at;
      while (at < chunks.size()) {
        if (used + chunks[at].length > width_) break;
        used += chunks[at].length;
        current.push_back(chunks[at++].text);
      }
      if (at < chunks.size() && chunks[at].length > width_) {
        const std::size_t room = width_ > used ? width_ - used : width_ < 1 ? 1 : 0;
        if (break_long_words_ && (room > 0 || current.empty())) {
          const std::size_t taken = std::max<std::size_t>(room, 1);
          const std::size_t cut = offset_of(chunks[at].text, taken);
          current.push_back(chunks[at].text.substr(0, cut));
          chunks[at].text.remove_prefix(cut);
          chunks[at].length -= std::min(taken, chunks[at].length);
          if (chunks[at].text.empty()) ++at;
        } else if (current.empty()) {
          current.push_back(chunks[at++].text);
        }
        charge_steps(4);
      }
      if (!current.empty() && strip(current.back()).empty()) current.pop_back();
      if (current.empty()) continue;
      String out;
      for (const std::string_view chunk : current) out += chunk;
      lines.push_back(std::move(out));
    }
    return lines;
  }

 private:
  struct Chunk {
    std::string_view text;
    std::size_t length;  // code points
    bool blank;
  };

  Vector<Chunk> split(std::string_view line) const {
    Vector<Chunk> chunks;
    bool in_space = false;
    std::size_t start = 0, length = 0;
    char32_t before = 0;
    for (std::size_t offset = 0; offset < line.size();) {
      std::size_t next = 0;
      const char32_t c = code_point_at(line, offset, next);
      const bool space = is_space(c);
      const bool after_hyphen = break_on_hyphens_ && offset - start > 1 && line[offset - 1] == '-' &&
                                is_alphabetic(c) && is_alphabetic(before);
      if (offset > start && (space != in_space || after_hyphen)) {
        chunks.push_back({line.substr(start, offset - start), length, in_space});
        start = offset;
        length = 0;
      }
      if (c != '-') before = c;
      in_space = space;
      ++length;
      offset = next;
    }
    if (start < line.size()) chunks.push_back({line.substr(start), length, in_space});
    return chunks;
  }

  std::size_t width_;
  bool break_long_words_, break_on_hyphens_;
};

Value word_wrap(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("wordwrap", arguments, {"width", "break_long_words", "wrapstring", "break_on_hyphens"});
  if (!self.is_text()) fail("wordwrap() needs a string, not ", type_name(self));
  const long long width = clamped(parameters.integer(0, 79), 0, 1LL << 40);
  if (width <= 0) fail("invalid width ", width, " (must be > 0)");
  const String separator = parameters.given(2) == nullptr ? "\n" : parameters.text(2);
  Wrapper wrapper(static_cast<std::size_t>(width), parameters.boolean(1, true), parameters.boolean(3, true));
  String out;
  bool first = true;
  for (const std::string_view paragraph : split_lines(self.as_text(), false)) {
    if (!first) out += separator;
    first = false;
    bool first_line = true;
    for (const String& line : wrapper.wrap(paragraph)) {
      if (!first_line) out += separator;
      first_line = false;
      out += line;
    }
    if (out.size() > kMaxTextBytes) charge_text(out.size());
  }
  return Value::text(std::move(out));
}

// A copy of a value in which all mappings are sorted by key, as pprint shows them.
Value with_sorted_keys(const Value& value, int depth) {
  charge_steps(1);
  charge_level();
  if (depth > kMaxValueDepth) fail("maximum recursion depth exceeded while printing a value");
  if (const auto* items = value.sequence()) {
    Vector<Value> copies;
    for (const Value& item : *items) copies.push_back(with_sorted_keys(item, depth + 1));
    return value.is_list() ? Value::list(std::move(copies)) : Value::tuple(std::move(copies));
  }
  if (!value.is_dict()) return value;
  const Dict& dict = value.as_dict();
  Vector<std::size_t> order(dict.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return less(dict.keys[a], dict.keys[b]); });
  auto copy = make_metered<Dict>();
  for (const std::size_t place : order) copy->set(dict.keys[place], with_sorted_keys(dict.values[place], depth + 1));
  return Value::dict(std::move(copy));
}

// pprint.pformat for what fits on one line of 80 columns, where it is repr with sorted keys.
Value pretty_print(Interpreter&, const Value& self, const CallArguments& arguments) {
  Parameters("pprint", arguments, {});
  const String text = python_repr(with_sorted_keys(self, 0));
  if (count_code_points(text) > 80 && (self.is_dict() || self.sequence() != nullptr)) {
    fail("pprint of a value longer than one line is not supported");
  }
  return Value::text(text);
}

constexpr BuiltinEntry kLayoutFilters[] = {
    {"indent", indent}, {"center", center}, {"truncate", truncate}, {"wordwrap", word_wrap}, {"pprint", pretty_print},
};

}  // namespace

BuiltinTable layout_filters() { return kLayoutFilters; }

}  // namespace brim::templates::jinja

// Methods of str that look for something in it: find, index, count, startswith, endswith, and the splitting ones.
#include <algorithm>

#include "engine/template/jinja/arithmetic.hpp"
#include "engine/template/jinja/builtins.hpp"
#include "engine/template/jinja/code_points.hpp"
#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/interpreter.hpp"
#include "engine/template/jinja/text_operations.hpp"

namespace brim::templates::jinja {
namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr std::int64_t kFar = std::int64_t{1} << 62;

// The part of a text that start and end arguments (code points, negative from the end) leave.
struct Window {
  std::string_view text;
  std::size_t offset = 0;  ///< bytes before it
  bool beyond = false;     ///< start lies after the end: not even the empty string is found
};

Window window(std::string_view text, const Parameters& parameters, std::size_t start_index) {
  const bool whole = parameters.given(start_index) == nullptr && parameters.given(start_index + 1) == nullptr;
  charge_text(text.size());
  if (whole) return {text, 0, false};
  const auto size = static_cast<std::int64_t>(count_code_points(text));
  const auto bound = [&](std::size_t index, std::int64_t otherwise) {
    std::int64_t value =
        parameters.given(index) == nullptr ? otherwise : clamped(parameters.integer(index, 0), -kFar, kFar);
    if (value < 0) value = std::max<std::int64_t>(0, value + size);
    return value;
  };
  const std::int64_t start = bound(start_index, 0);
  const std::int64_t end = std::min(size, bound(start_index + 1, size));
  if (start > end) return {{}, 0, true};
  const std::size_t first = offset_of(text, static_cast<std::size_t>(start));
  const std::size_t last = offset_of(text, static_cast<std::size_t>(end));
  return {text.substr(first, last - first), first, false};
}

Value position(const Value& self, const CallArguments& arguments, bool from_right, bool must_exist) {
  const Parameters parameters(must_exist ? "index" : "find", arguments, {"sub", "start", "end"}, 1,
                              Parameters::Names::positional_only);
  const String& wanted = parameters.text(0);
  const Window part = window(self.as_text(), parameters, 1);
  const std::size_t found = part.beyond  ? npos
                            : from_right ? find_last_text(part.text, wanted, part.text.size())
                                         : find_text(part.text, wanted);
  if (found == npos) {
    if (must_exist) fail("substring not found");
    return Value::integer(-1);
  }
  return Value::integer(
      static_cast<Integer>(count_code_points(std::string_view(self.as_text()).substr(0, part.offset + found))));
}

template <bool from_right, bool must_exist>
Value find(Interpreter&, const Value& self, const CallArguments& arguments) {
  return position(self, arguments, from_right, must_exist);
}

Value count(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("count", arguments, {"sub", "start", "end"}, 1, Parameters::Names::positional_only);
  const Window part = window(self.as_text(), parameters, 1);
  return Value::integer(part.beyond ? 0 : static_cast<Integer>(count_text(part.text, parameters.text(0))));
}

template <bool at_end>
Value begins_or_ends(Interpreter&, const Value& self, const CallArguments& arguments) {
  const char* name = at_end ? "endswith" : "startswith";
  const Parameters parameters(name, arguments, {"affix", "start", "end"}, 1, Parameters::Names::positional_only);
  const Window part = window(self.as_text(), parameters, 1);
  const auto matches = [&](const Value& affix) {
    if (!affix.is_text()) fail(name, " first arg must be str or a tuple of str, not ", type_name(affix));
    if (part.beyond) return false;
    return at_end ? part.text.ends_with(affix.as_text()) : part.text.starts_with(affix.as_text());
  };
  const Value& affix = *parameters.get(0);
  if (!affix.is_tuple()) return Value::boolean(matches(affix));
  for (const Value& one : affix.as_tuple().items) {
    if (matches(one)) return Value::boolean(true);
  }
  return Value::boolean(false);
}

Value texts(const Value& self, const Vector<std::string_view>& parts) {
  Vector<Value> items;
  items.reserve(parts.size());
  for (const std::string_view part : parts) items.push_back(Value::text_like(self, String(part)));
  return Value::list(std::move(items));
}

template <bool from_right>
Value split(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters(from_right ? "rsplit" : "split", arguments, {"sep", "maxsplit"});
  const long long limit = clamped(parameters.integer(1, -1), -1, 1LL << 40);
  const String& text = self.as_text();
  if (parameters.given(0) == nullptr) {
    return texts(self, from_right ? split_space_from_right(text, limit) : split_space(text, limit));
  }
  if (parameters.text(0).empty()) fail("empty separator");
  return texts(self, from_right ? split_text_from_right(text, parameters.text(0), limit)
                                : split_text(text, parameters.text(0), limit));
}

Value lines(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("splitlines", arguments, {"keepends"});
  return texts(self, split_lines(self.as_text(), parameters.boolean(0, false)));
}

template <bool from_right>
Value partition(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("partition", arguments, {"sep"}, 1, Parameters::Names::positional_only);
  const String separator = self.is_markup() ? (parameters.text(0), escaped(*parameters.get(0))) : parameters.text(0);
  if (separator.empty()) fail("empty separator");
  const String& text = self.as_text();
  const std::size_t at = from_right ? find_last_text(text, separator, text.size()) : find_text(text, separator);
  const auto part = [&](String piece) { return Value::text_like(self, std::move(piece)); };
  if (at == npos)
    return from_right ? Value::tuple({part({}), part({}), self}) : Value::tuple({self, part({}), part({})});
  return Value::tuple({part(text.substr(0, at)), part(separator), part(text.substr(at + separator.size()))});
}

constexpr BuiltinEntry kMethods[] = {
    {"find", find<false, false>},
    {"rfind", find<true, false>},
    {"index", find<false, true>},
    {"rindex", find<true, true>},
    {"count", count},
    {"startswith", begins_or_ends<false>},
    {"endswith", begins_or_ends<true>},
    {"split", split<false>},
    {"rsplit", split<true>},
    {"splitlines", lines},
    {"partition", partition<false>},
    {"rpartition", partition<true>},
};

}  // namespace

BuiltinTable text_search_methods() { return kMethods; }

}  // namespace brim::templates::jinja

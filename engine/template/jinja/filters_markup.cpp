// Filters for HTML: prompts rarely need them, but `safe` is common and `escape` changes what is added to its result.
#include "engine/template/jinja/arithmetic.hpp"
#include "engine/template/jinja/builtins.hpp"
#include "engine/template/jinja/code_points.hpp"
#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/interpreter.hpp"
#include "engine/template/jinja/printing.hpp"
#include "engine/template/jinja/text_operations.hpp"

namespace brim::templates::jinja {
namespace {

Value safe(Interpreter&, const Value& self, const CallArguments& arguments) {
  Parameters("safe", arguments, {});
  return Value::markup(python_str(self));
}

Value escape(Interpreter&, const Value& self, const CallArguments& arguments) {
  Parameters("escape", arguments, {});
  return Value::markup(escaped(self));
}

Value force_escape(Interpreter&, const Value& self, const CallArguments& arguments) {
  Parameters("forceescape", arguments, {});
  return Value::markup(escaped(Value::text(python_str(self))));
}

Value strip_tags(Interpreter&, const Value& self, const CallArguments& arguments) {
  Parameters("striptags", arguments, {});
  String text = python_str(self);
  // Comments first, then tags, then runs of white space, then the entities that escape() writes.
  const auto remove = [&](std::string_view open, std::string_view close) {
    String out;
    std::size_t at = 0;
    charge_text(text.size());
    while (true) {
      const std::size_t start = text.find(open, at);
      const std::size_t end = start == std::string::npos ? start : text.find(close, start + open.size());
      if (end == std::string::npos) break;
      out.append(text, at, start - at);
      at = end + close.size();
    }
    text = out.append(text, at, std::string::npos);
  };
  remove("<!--", "-->");
  remove("<", ">");
  String out;
  for (const std::string_view word : split_space(text, -1)) out += (out.empty() ? "" : " ") + String(word);
  static constexpr std::pair<std::string_view, std::string_view> entities[] = {
      {"&lt;", "<"}, {"&gt;", ">"}, {"&#39;", "'"}, {"&#34;", "\""}, {"&quot;", "\""}, {"&amp;", "&"}};
  for (const auto& [entity, character] : entities) out = replace_text(out, entity, character);
  return Value::text(std::move(out));
}

Value attributes(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("xmlattr", arguments, {"autospace"});
  if (!self.is_dict()) fail("xmlattr() needs a mapping, not ", type_name(self));
  const Dict& dict = self.as_dict();
  String out;
  for (std::size_t i = 0; i < dict.size(); ++i) {
    if (dict.values[i].is_none() || dict.values[i].is_undefined()) continue;
    const String key = python_str(dict.keys[i]);
    if (key.find_first_of(" \t\n\r\f\v/>=") != std::string::npos) {
      fail("Invalid character in attribute name: ", python_quoted(key));
    }
    out += (out.empty() ? "" : " ") + escaped(dict.keys[i]) + "=\"" + escaped(dict.values[i]) + "\"";
    if (out.size() > kMaxTextBytes) charge_text(out.size());
  }
  return Value::text(parameters.boolean(0, true) && !out.empty() ? " " + out : out);
}

constexpr BuiltinEntry kMarkupFilters[] = {
    {"safe", safe},
    {"escape", escape},
    {"e", escape},
    {"forceescape", force_escape},
    {"striptags", strip_tags},
    {"xmlattr", attributes},
};

}  // namespace

BuiltinTable markup_filters() { return kMarkupFilters; }

}  // namespace brim::templates::jinja

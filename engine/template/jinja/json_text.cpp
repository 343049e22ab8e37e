// See json_text.hpp.
#include "engine/template/jinja/json_text.hpp"

#include <algorithm>
#include <cmath>

#include "engine/template/jinja/code_points.hpp"
#include "engine/template/jinja/compare.hpp"
#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/printing.hpp"

namespace brim::templates::jinja {
namespace {

class JsonWriter {
 public:
  explicit JsonWriter(const JsonStyle& style) : style_(style) {}

  void write(const Value& value, int depth) {
    charge_text(out.size() > kMaxTextBytes ? out.size() : 1);
    charge_level();
    if (depth > kMaxValueDepth) fail("maximum recursion depth exceeded while encoding a JSON object");
    switch (value.kind()) {
      case Kind::none:
        out += "null";
        return;
      case Kind::boolean:
        out += value.as_boolean() ? "true" : "false";
        return;
      case Kind::integer:
        out += integer_text(value.as_index());
        return;
      case Kind::real:
        out += real(value.as_real());
        return;
      case Kind::text:
        string(value.as_text());
        return;
      case Kind::list:
      case Kind::tuple:
        array(*value.sequence(), depth);
        return;
      case Kind::dict:
        object(value.as_dict(), depth);
        return;
      default:
        fail("Object of type ", type_name(value), " is not JSON serializable");
    }
  }

  String out;

 private:
  static String real(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
    return real_text(value);
  }

  void escape(char32_t c) {
    static constexpr char digits[] = "0123456789abcdef";
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out += digits[(c >> shift) & 0xF];
  }

  void string(std::string_view text) {
    charge_text(text.size());
    out += '"';
    for (std::size_t offset = 0; offset < text.size();) {
      std::size_t next = 0;
      const char32_t c = code_point_at(text, offset, next);
      if (c == '"' || c == '\\') {
        out += '\\';
        out += static_cast<char>(c);
      } else if (c == '\n') {
        out += "\\n";
      } else if (c == '\r') {
        out += "\\r";
      } else if (c == '\t') {
        out += "\\t";
      } else if (c == '\b') {
        out += "\\b";
      } else if (c == '\f') {
        out += "\\f";
      } else if (c < 0x20 || (style_.ensure_ascii && c >= 0x7F && c <= 0xFFFF && c != 0x7F)) {
        escape(c);
      } else if (style_.ensure_ascii && c > 0xFFFF) {
        escape(0xD800 + ((c - 0x10000) >> 10));
        escape(0xDC00 + ((c - 0x10000) & 0x3FF));
      } else {
        out.append(text, offset, next - offset);
      }
      offset = next;
    }
    out += '"';
  }

  void new_line(int depth) {
    if (!style_.indented) return;
    charge_text(style_.indent.size() * static_cast<std::size_t>(depth));
    out += '\n';
    for (int i = 0; i < depth; ++i) out += style_.indent;
  }

  void array(const Vector<Value>& items, int depth) {
    if (items.empty()) {
      out += "[]";
      return;
    }
    out += '[';
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i != 0) out += style_.item_separator;
      new_line(depth + 1);
      write(items[i], depth + 1);
    }
    new_line(depth);
    out += ']';
  }

  void key(const Value& value) {
    switch (value.kind()) {
      case Kind::text:
        string(value.as_text());
        return;
      case Kind::none:
      case Kind::boolean:
      case Kind::integer:
      case Kind::real: {
        out += '"';
        write(value, 0);
        out += '"';
        return;
      }
      default:
        fail("keys must be str, int, float, bool or None, not ", type_name(value));
    }
  }

  void object(const Dict& dict, int depth) {
    if (dict.size() == 0) {
      out += "{}";
      return;
    }
    Vector<std::size_t> order(dict.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    if (style_.sort_keys) {
      std::stable_sort(order.begin(), order.end(),
                       [&](std::size_t a, std::size_t b) { return less(dict.keys[a], dict.keys[b]); });
    }
    out += '{';
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (i != 0) out += style_.item_separator;
      new_line(depth + 1);
      key(dict.keys[order[i]]);
      out += style_.key_separator;
      write(dict.values[order[i]], depth + 1);
    }
    new_line(depth);
    out += '}';
  }

  const JsonStyle& style_;
};

}  // namespace

String json_text(const Value& value, const JsonStyle& style) {
  JsonWriter writer(style);
  writer.write(value, 0);
  return std::move(writer.out);
}

}  // namespace brim::templates::jinja

// The % operator on text (formats.hpp).
#include <algorithm>
#include <charconv>
#include <cmath>

#include "engine/template/jinja/arithmetic.hpp"
#include "engine/template/jinja/code_points.hpp"
#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/formats.hpp"
#include "engine/template/jinja/printing.hpp"
#include "engine/template/jinja/text_operations.hpp"

namespace brim::templates::jinja {
namespace {

struct Conversion {
  bool left = false, zero = false, plus = false, space = false, alternate = false;
  int width = 0;
  int precision = -1;
  char kind = 's';
};

class PercentFormat {
 public:
  PercentFormat(const Value& format, const Value& arguments)
      : format_(format.as_text()), arguments_(arguments), markup_(format.is_markup()) {}

  String run() {
    String out;
    while (at_ < format_.size()) {
      const std::size_t percent = format_.find('%', at_);
      out.append(format_, at_, percent - at_);
      if (percent == std::string_view::npos) break;
      at_ = percent + 1;
      out += convert();
      if (out.size() > kMaxTextBytes) charge_text(out.size());
    }
    // What has items by key may be used as a mapping, and a mapping need not be used up.
    const bool mapping = arguments_.is_dict() || arguments_.is_list() || arguments_.is_undefined() ||
                         arguments_.object_as<Range>() != nullptr;
    const bool all_used =
        arguments_.is_tuple() ? used_ >= arguments_.as_tuple().items.size() : used_ > 0 || mapped_ || mapping;
    if (!all_used) fail("not all arguments converted during string formatting");
    return out;
  }

 private:
  char peek() {
    if (at_ >= format_.size()) fail("incomplete format");
    return format_[at_];
  }

  const Value& next_argument() {
    if (arguments_.is_tuple()) {
      const auto& items = arguments_.as_tuple().items;
      if (used_ >= items.size()) fail("not enough arguments for format string");
      return items[used_++];
    }
    if (used_ > 0) fail("not enough arguments for format string");
    ++used_;
    return arguments_;
  }

  int number() {
    int value = 0;
    if (peek() == '*') {
      ++at_;
      const Value& argument = next_argument();
      if (!argument.is_index()) fail("* wants int");
      return static_cast<int>(clamped_width(argument.as_index()));
    }
    while (peek() >= '0' && peek() <= '9') {
      value = value * 10 + (format_[at_++] - '0');
      if (value > kMaxFormatWidth) fail("a width in a format string is too large");
    }
    return value;
  }

  static Integer clamped_width(Integer value) {
    if (value > kMaxFormatWidth || value < -kMaxFormatWidth) fail("a width in a format string is too large");
    return value;
  }

  String convert() {
    Conversion conversion;
    const Value* argument = nullptr;
    if (peek() == '(') {
      const std::size_t close = format_.find(')', at_);
      if (close == std::string_view::npos) fail("incomplete format key");
      if (!arguments_.is_dict()) fail("format requires a mapping");
      const String key(format_.substr(at_ + 1, close - at_ - 1));
      argument = arguments_.as_dict().find(key);
      if (argument == nullptr) fail("KeyError: ", python_quoted(key));
      mapped_ = true;
      at_ = close + 1;
    }
    for (;; ++at_) {
      const char c = peek();
      if (c == '-')
        conversion.left = true;
      else if (c == '0')
        conversion.zero = true;
      else if (c == '+')
        conversion.plus = true;
      else if (c == ' ')
        conversion.space = true;
      else if (c == '#')
        conversion.alternate = true;
      else
        break;
    }
    conversion.width = number();
    if (conversion.width < 0) {
      conversion.left = true;
      conversion.width = -conversion.width;
    }
    if (peek() == '.') {
      ++at_;
      conversion.precision = std::max(0, number());
    }
    while (peek() == 'l' || peek() == 'h' || peek() == 'L') ++at_;
    conversion.kind = peek();
    ++at_;
    if (conversion.kind == '%') return "%";
    return apply(conversion, argument != nullptr ? *argument : next_argument());
  }

  String apply(const Conversion& conversion, const Value& value) const {
    String sign, prefix, body;
    bool numeric = true;
    switch (conversion.kind) {
      case 's':
      case 'r':
      case 'a':
        numeric = false;
        body = conversion.kind == 's'   ? python_str(value)
               : conversion.kind == 'r' ? python_repr(value)
                                        : python_ascii(value);
        if (markup_) body = escaped(conversion.kind == 's' ? value : Value::text(body));
        if (conversion.precision >= 0) body.resize(offset_of(body, static_cast<std::size_t>(conversion.precision)));
        break;
      case 'c':
        numeric = false;
        body = character(value);
        break;
      case 'd':
      case 'i':
      case 'u':
        body = whole(value, 10, sign);
        break;
      case 'o':
      case 'x':
      case 'X':
        if (!value.is_index()) fail("%", conversion.kind, " format: an integer is required, not ", type_name(value));
        body = whole(value, conversion.kind == 'o' ? 8 : 16, sign);
        if (conversion.kind == 'X') {
          for (char& c : body) c = static_cast<char>(c >= 'a' && c <= 'f' ? c - 32 : c);
        }
        if (conversion.alternate) prefix = String("0") + conversion.kind;
        break;
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G': {
        if (value.is_undefined()) fail(value.undefined_message());
        if (!value.is_number()) fail("must be real number, not ", type_name(value));
        const double real = value.as_real();
        if (std::signbit(real) && !std::isnan(real)) sign = "-";
        body = printf_real(std::fabs(real), conversion.kind, conversion.precision < 0 ? 6 : conversion.precision,
                           conversion.alternate);
        break;
      }
      default:
        fail("unsupported format character '", String(1, conversion.kind), "'");
    }
    const bool real_kind = std::string_view("eEfFgG").find(conversion.kind) != std::string_view::npos;
    if (numeric && !real_kind && conversion.precision > static_cast<int>(body.size())) {
      body.insert(0, static_cast<std::size_t>(conversion.precision) - body.size(), '0');
    }
    if (numeric && sign.empty()) sign = conversion.plus ? "+" : conversion.space ? " " : "";
    const auto length = static_cast<int>(count_code_points(body) + sign.size() + prefix.size());
    const auto missing = static_cast<std::size_t>(std::max(0, conversion.width - length));
    if (conversion.left) return sign + prefix + body + String(missing, ' ');
    if (conversion.zero && numeric) return sign + prefix + String(missing, '0') + body;
    return String(missing, ' ') + sign + prefix + body;
  }

  static String character(const Value& value) {
    String out;
    if (value.is_index()) {
      if (value.as_index() < 0 || value.as_index() > 0x10FFFF) fail("%c arg not in range(0x110000)");
      append_code_point(out, static_cast<char32_t>(value.as_index()));
      return out;
    }
    if (!value.is_text() || count_code_points(value.as_text()) != 1) fail("%c requires int or char");
    return value.as_text();
  }

  static String whole(const Value& value, int base, String& sign) {
    if (value.is_undefined()) fail(value.undefined_message());
    if (!value.is_number()) fail("%d format: a real number is required, not ", type_name(value));
    Integer number = 0;
    if (value.is_real()) {
      if (!std::isfinite(value.as_real()) || std::fabs(value.as_real()) > 1e37) fail("cannot convert float to integer");
      number = static_cast<Integer>(value.as_real());
    } else {
      number = value.as_index();
    }
    if (number < 0) sign = "-";
    return digits_in_base(number, base);
  }

  std::string_view format_;
  const Value& arguments_;
  bool markup_;
  std::size_t at_ = 0;
  std::size_t used_ = 0;
  bool mapped_ = false;
};

}  // namespace

Value percent_format(const Value& format, const Value& arguments) {
  charge_text(format.as_text().size());
  return Value::text_like(format, PercentFormat(format, arguments).run());
}

String digits_in_base(Integer value, int base) {
  if (base == 10) {
    const String text = integer_text(value);
    return value < 0 ? text.substr(1) : text;
  }
  String out;
  do {
    const int digit = static_cast<int>(value % base);
    out.insert(out.begin(), "0123456789abcdef"[digit < 0 ? -digit : digit]);
    value /= base;
  } while (value != 0);
  return out;
}

String printf_real(double value, char kind, int precision, bool alternate) {
  if (!std::isfinite(value)) {
    const bool upper = kind == 'E' || kind == 'F' || kind == 'G';
    if (std::isnan(value)) return upper ? "NAN" : "nan";
    return String(std::signbit(value) ? "-" : "") + (upper ? "INF" : "inf");
  }
  const char lower = static_cast<char>(kind | 0x20);
  if (alternate && lower == 'g') fail("the format '#g' is not supported");
  const auto format = lower == 'e'   ? std::chars_format::scientific
                      : lower == 'f' ? std::chars_format::fixed
                                     : std::chars_format::general;
  // Longest: 309 digits before the point of a fixed form, and the precision after it. Not printf: its point is the
  // host's locale's.
  String out(static_cast<std::size_t>(precision) + 340, '\0');
  charge_text(out.size());
  out.resize(static_cast<std::size_t>(std::to_chars(out.data(), out.data() + out.size(), value, format, precision).ptr -
                                      out.data()));
  if (alternate && precision == 0) out.insert(std::min(out.find('e'), out.size()), ".");
  if (kind != lower) {
    for (char& c : out) c = c == 'e' ? 'E' : c;
  }
  return out;
}

}  // namespace brim::templates::jinja

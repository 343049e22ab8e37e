// String escapes and the text forms of numbers, as Python reads them (declared in lexer.hpp).
#include <charconv>
#include <cmath>
#include <limits>

#include "engine/template/jinja/code_points.hpp"
#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/lexer.hpp"

namespace brim::templates::jinja {
namespace {

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
  return 99;
}

// Reads exactly `count` hexadecimal digits at `offset`.
char32_t hexadecimal(std::string_view body, std::size_t offset, std::size_t count) {
  char32_t value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const int digit = offset + i < body.size() ? digit_value(body[offset + i]) : 99;
    if (digit > 15) fail("a string has an incomplete \\x, \\u or \\U escape");
    value = value * 16 + static_cast<char32_t>(digit);
  }
  return value;
}

// Python turns characters beyond ASCII into escapes before it reads escapes, so a backslash before one quotes the
// backslash of that escape, and its letters appear: "\é" is \xe9. Returns the offset after the character.
std::size_t spell_out(std::string_view body, std::size_t offset, String& out) {
  static constexpr char digits[] = "0123456789abcdef";
  std::size_t next = 0;
  const char32_t code_point = code_point_at(body, offset, next);
  const int count = code_point < 0x100 ? 2 : code_point < 0x10000 ? 4 : 8;
  out += count == 2 ? 'x' : count == 4 ? 'u' : 'U';
  for (int shift = 4 * (count - 1); shift >= 0; shift -= 4) out += digits[(code_point >> shift) & 0xF];
  return next;
}

// The text with surrounding space and Python's single underscores between digits removed; false when an underscore
// stands elsewhere.
bool plain_number(std::string_view text, String& plain) {
  text = strip(text);
  plain.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      plain += text[i];
      continue;
    }
    const bool between = i > 0 && i + 1 < text.size() && digit_value(text[i - 1]) < 36 && digit_value(text[i + 1]) < 36;
    if (!between) return false;
  }
  return !plain.empty();
}

}  // namespace

String unescape(std::string_view body) {
  String out;
  out.reserve(body.size());
  for (std::size_t i = 0; i < body.size();) {
    if (body[i] != '\\') {
      out += body[i++];
      continue;
    }
    const char c = body[i + 1];  // a literal never ends in a lone backslash
    i += 2;
    switch (c) {
      case '\n':
        break;
      case '\\':
      case '\'':
      case '"':
        out += c;
        break;
      case 'a':
        out += '\a';
        break;
      case 'b':
        out += '\b';
        break;
      case 'f':
        out += '\f';
        break;
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 't':
        out += '\t';
        break;
      case 'v':
        out += '\v';
        break;
      case 'x':
      case 'u':
      case 'U': {
        const std::size_t count = c == 'x' ? 2 : c == 'u' ? 4 : 8;
        const char32_t code_point = hexadecimal(body, i, count);
        if (code_point > 0x10FFFF) fail("a string has a \\U escape beyond U+10FFFF");
        append_code_point(out, code_point);
        i += count;
        break;
      }
      case 'N':
        fail("the string escape \\N{…} is not supported");
      default:
        if (c >= '0' && c <= '7') {
          char32_t code_point = 0;
          --i;
          for (int n = 0; n < 3 && i < body.size() && body[i] >= '0' && body[i] <= '7'; ++n, ++i) {
            code_point = code_point * 8 + static_cast<char32_t>(body[i] - '0');
          }
          append_code_point(out, code_point);
        } else {
          out += '\\';  // an unknown escape stays as written
          --i;
          if (static_cast<unsigned char>(c) >= 0x80) i = spell_out(body, i, out);
        }
    }
  }
  return out;
}

bool parse_integer(std::string_view text, int base, Integer& value) {
  String plain;
  if (!plain_number(text, plain)) return false;
  std::string_view digits = plain;
  const bool negative = digits.front() == '-';
  if (negative || digits.front() == '+') digits.remove_prefix(1);
  if (digits.size() > 1 && digits[0] == '0') {
    const char letter = static_cast<char>(digits[1] | 0x20);
    const int named = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
    if (named != 0 && (base == 0 || base == named)) {
      base = named;
      digits.remove_prefix(2);
    }
  }
  if (base == 0) base = 10;
  if (digits.empty() || base < 2 || base > 36) return false;
  constexpr Integer kMax = std::numeric_limits<std::int64_t>::max();
  const Integer limit = kMax * kMax;  // leaves room for one more digit
  Integer result = 0;
  for (const char c : digits) {
    const int digit = digit_value(c);
    if (digit >= base || result > limit / base) return false;
    result = result * base + digit;
  }
  value = negative ? -result : result;
  return true;
}

bool parse_real(std::string_view text, double& value) {
  String plain;
  if (!plain_number(text, plain)) return false;
  std::string_view digits = plain;
  const bool negative = digits.front() == '-';
  if (negative || digits.front() == '+') digits.remove_prefix(1);
  if (digits.empty() || digits.front() == '-' || digits.front() == '+') return false;
  String lower;
  for (const char c : digits) lower += static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
  if (lower == "inf" || lower == "infinity") {
    value = std::numeric_limits<double>::infinity();
  } else if (lower == "nan") {
    value = std::numeric_limits<double>::quiet_NaN();
  } else {
    if (digit_value(lower.front()) > 9 && lower.front() != '.') return false;
    const auto result = std::from_chars(lower.data(), lower.data() + lower.size(), value);
    if (result.ptr != lower.data() + lower.size() || result.ec == std::errc::invalid_argument) return false;
    if (result.ec == std::errc::result_out_of_range) {
      // from_chars leaves the value alone; a negative exponent means it was too small.
      const std::size_t exponent = lower.find('e');
      const bool tiny = exponent != std::string::npos && exponent + 1 < lower.size() && lower[exponent + 1] == '-';
      value = tiny ? 0.0 : std::numeric_limits<double>::infinity();
    }
  }
  if (negative) value = -value;
  return true;
}

}  // namespace brim::templates::jinja

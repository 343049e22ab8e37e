// See arithmetic.hpp.
#include "engine/template/jinja/arithmetic.hpp"

#include <cmath>

#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/formats.hpp"
#include "engine/template/jinja/printing.hpp"

namespace brim::templates::jinja {
namespace {

// Two factors of at most 2^62 multiply within 128 bits; anything larger is checked by division.
constexpr Integer kLargest = (Integer{1} << 125);

Integer bounded(Integer value) {
  if (value > kLargest || value < -kLargest) fail("an integer is too large (more than 37 digits)");
  return value;
}

Integer multiply(Integer a, Integer b) {
  const Integer size_a = a < 0 ? -a : a, size_b = b < 0 ? -b : b;
  if (size_b != 0 && size_a > kLargest / size_b) fail("an integer is too large (more than 37 digits)");
  return a * b;
}

Integer floor_divide(Integer a, Integer b) {
  const Integer quotient = a / b;
  return (a % b != 0 && (a < 0) != (b < 0)) ? quotient - 1 : quotient;
}

double floor_modulo(double a, double b) {
  const double remainder = std::fmod(a, b);
  if (remainder != 0) return (remainder < 0) != (b < 0) ? remainder + b : remainder;
  return std::copysign(0.0, b);
}

double floor_divide(double a, double b) {
  const double quotient = (a - floor_modulo(a, b)) / b;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double floor = std::floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

Value power(const Value& left, const Value& right) {
  if (left.is_index() && right.is_index() && right.as_index() >= 0) {
    Integer base = left.as_index(), exponent = right.as_index(), result = 1;
    if (base == 0 || base == 1) return Value::integer(exponent == 0 ? 1 : base);
    if (base == -1) return Value::integer(exponent % 2 == 0 ? 1 : -1);
    for (; exponent > 0; --exponent) result = multiply(result, base);  // ends by the bound within 125 rounds
    return Value::integer(result);
  }
  const double base = left.as_real(), exponent = right.as_real();
  if (base == 0 && exponent < 0) fail("0.0 cannot be raised to a negative power");
  if (base < 0 && std::isfinite(exponent) && exponent != std::floor(exponent)) {
    fail("a negative number cannot be raised to a fraction");
  }
  const double result = std::pow(base, exponent);
  if (std::isinf(result) && std::isfinite(base) && std::isfinite(exponent))
    fail("(34, 'Numerical result out of range')");
  return Value::real(result);
}

Value numbers(Arithmetic operation, const Value& left, const Value& right) {
  const bool whole = left.is_index() && right.is_index();
  const bool divides =
      operation == Arithmetic::divide || operation == Arithmetic::floor_divide || operation == Arithmetic::modulo;
  if (divides && right.as_real() == 0) {
    if (operation == Arithmetic::divide) fail(whole ? "division by zero" : "float division by zero");
    fail(whole                             ? "integer division or modulo by zero"
         : operation == Arithmetic::modulo ? "float modulo"
                                           : "float floor division by zero");
  }
  if (operation == Arithmetic::power) return power(left, right);
  if (whole && operation != Arithmetic::divide) {
    const Integer a = left.as_index(), b = right.as_index();
    switch (operation) {
      case Arithmetic::add:
        return Value::integer(bounded(a + b));
      case Arithmetic::subtract:
        return Value::integer(bounded(a - b));
      case Arithmetic::multiply:
        return Value::integer(multiply(a, b));
      case Arithmetic::floor_divide:
        return Value::integer(floor_divide(a, b));
      default:
        return Value::integer(a - floor_divide(a, b) * b);
    }
  }
  const double a = left.as_real(), b = right.as_real();
  switch (operation) {
    case Arithmetic::add:
      return Value::real(a + b);
    case Arithmetic::subtract:
      return Value::real(a - b);
    case Arithmetic::multiply:
      return Value::real(a * b);
    case Arithmetic::divide:
      return Value::real(a / b);
    case Arithmetic::floor_divide:
      return Value::real(floor_divide(a, b));
    default:
      return Value::real(floor_modulo(a, b));
  }
}

Value repeat(const Value& sequence, Integer count) {
  if (sequence.is_text()) {
    const String& text = sequence.as_text();
    if (count <= 0 || text.empty()) return Value::text_like(sequence, {});
    if (count > static_cast<Integer>(kMaxTextBytes / text.size() + 1)) charge_text(kMaxTextBytes + 1);
    charge_text(text.size() * static_cast<std::size_t>(count));
    String out;
    out.reserve(text.size() * static_cast<std::size_t>(count));
    for (Integer i = 0; i < count; ++i) out += text;
    return Value::text_like(sequence, std::move(out));
  }
  const auto& items = *sequence.sequence();
  Vector<Value> out;
  if (count > 0 && !items.empty()) {
    if (count > static_cast<Integer>(kMaxLiveBytes / sizeof(Value) / items.size())) fail("a repeated list is too long");
    out.reserve(items.size() * static_cast<std::size_t>(count));
    for (Integer i = 0; i < count; ++i) out.insert(out.end(), items.begin(), items.end());
  }
  return sequence.is_list() ? Value::list(std::move(out)) : Value::tuple(std::move(out));
}

Value add_text(const Value& left, const Value& right) {
  if (!left.is_markup() && !right.is_markup()) {
    charge_text(left.as_text().size() + right.as_text().size());
    return Value::text(left.as_text() + right.as_text());
  }
  return Value::markup(escaped(left) + escaped(right));
}

const char* symbol(Arithmetic operation) {
  switch (operation) {
    case Arithmetic::add:
      return "+";
    case Arithmetic::subtract:
      return "-";
    case Arithmetic::multiply:
      return "*";
    case Arithmetic::divide:
      return "/";
    case Arithmetic::floor_divide:
      return "//";
    case Arithmetic::modulo:
      return "%";
    case Arithmetic::power:
      break;
  }
  return "** or pow()";
}

}  // namespace

String escaped(const Value& value) {
  const String text = python_str(value);
  if (value.is_markup()) return text;
  charge_text(text.size());
  String out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '"':
        out += "&#34;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

Value arithmetic(Arithmetic operation, const Value& left, const Value& right) {
  if (left.is_text() && operation == Arithmetic::modulo) return percent_format(left, right);
  if (left.is_undefined()) fail(left.undefined_message());
  if (right.is_undefined()) fail(right.undefined_message());
  if (left.is_number() && right.is_number()) return numbers(operation, left, right);
  if (operation == Arithmetic::add) {
    if (left.is_text() && right.is_text()) return add_text(left, right);
    if ((left.is_list() && right.is_list()) || (left.is_tuple() && right.is_tuple())) {
      Vector<Value> items;
      items.reserve(left.sequence()->size() + right.sequence()->size());
      items.insert(items.end(), left.sequence()->begin(), left.sequence()->end());
      items.insert(items.end(), right.sequence()->begin(), right.sequence()->end());
      return left.is_list() ? Value::list(std::move(items)) : Value::tuple(std::move(items));
    }
    if (left.is_text() || left.is_list() || left.is_tuple()) {
      fail("can only concatenate ", type_name(left), " (not \"", type_name(right), "\") to ", type_name(left));
    }
  }
  if (operation == Arithmetic::multiply) {
    if ((left.is_text() || left.sequence() != nullptr) && right.is_index()) return repeat(left, right.as_index());
    if ((right.is_text() || right.sequence() != nullptr) && left.is_index()) return repeat(right, left.as_index());
    if (left.is_text() || left.sequence() != nullptr) {
      fail("can't multiply sequence by non-int of type '", type_name(right), "'");
    }
    if (right.is_text() || right.sequence() != nullptr) {
      fail("can't multiply sequence by non-int of type '", type_name(left), "'");
    }
  }
  fail("unsupported operand type(s) for ", symbol(operation), ": '", type_name(left), "' and '", type_name(right), "'");
}

Value negative(const Value& value) {
  if (value.is_undefined()) fail(value.undefined_message());
  if (value.is_index()) return Value::integer(-value.as_index());
  if (value.is_real()) return Value::real(-value.as_real());
  fail("bad operand type for unary -: '", type_name(value), "'");
}

Value positive(const Value& value) {
  if (value.is_undefined()) fail(value.undefined_message());
  if (value.is_index()) return Value::integer(value.as_index());
  if (value.is_real()) return value;
  fail("bad operand type for unary +: '", type_name(value), "'");
}

}  // namespace brim::templates::jinja

// Filters on numbers: abs, int, float, round, sum.
#include <charconv>
#include <cmath>

#include "engine/template/jinja/arithmetic.hpp"
#include "engine/template/jinja/builtins.hpp"
#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/formats.hpp"
#include "engine/template/jinja/interpreter.hpp"
#include "engine/template/jinja/lexer.hpp"

namespace brim::templates::jinja {
namespace {

Integer whole(double value) {
  if (std::isnan(value)) fail("cannot convert float NaN to integer");
  if (std::isinf(value)) fail("cannot convert float infinity to integer");
  if (std::fabs(value) > 1e37) fail("an integer is too large (more than 37 digits)");
  return static_cast<Integer>(value);
}

Value absolute(Interpreter&, const Value& self, const CallArguments& arguments) {
  Parameters("abs", arguments, {});
  if (self.is_index()) return Value::integer(self.as_index() < 0 ? -self.as_index() : self.as_index());
  if (self.is_real()) return Value::real(std::fabs(self.as_real()));
  if (self.is_undefined()) fail(self.undefined_message());
  fail("bad operand type for abs(): '", type_name(self), "'");
}

Value to_integer(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("int", arguments, {"default", "base"});
  if (self.is_undefined()) fail(self.undefined_message());
  if (self.is_index()) return Value::integer(self.as_index());
  if (self.is_real()) {
    if (std::isnan(self.as_real())) return parameters.value(0, Value::integer(0));
    return Value::integer(whole(self.as_real()));
  }
  if (self.is_text()) {
    Integer number = 0;
    double real = 0;
    const auto base = static_cast<int>(clamped(parameters.integer(1, 10), -1, 99));
    if (parse_integer(self.as_text(), base, number)) return Value::integer(number);
    if (parse_real(self.as_text(), real) && !std::isnan(real)) return Value::integer(whole(real));
  }
  return parameters.value(0, Value::integer(0));
}

Value to_real(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("float", arguments, {"default"});
  if (self.is_undefined()) fail(self.undefined_message());
  if (self.is_number()) return Value::real(self.as_real());
  double real = 0;
  if (self.is_text() && parse_real(self.as_text(), real)) return Value::real(real);
  return parameters.value(0, Value::real(0));
}

Integer power_of_ten(long long exponent) {
  Integer result = 1;
  for (; exponent > 0; --exponent) result *= 10;
  return result;
}

// Half to even, on the exact decimal value, as Python's round.
double rounded(double value, long long precision) {
  if (!std::isfinite(value) || precision > 320) return value;
  if (precision >= 0) {
    const String text = printf_real(value, 'f', static_cast<int>(precision), false);
    double result = 0;
    std::from_chars(text.data(), text.data() + text.size(), result);
    return result;
  }
  if (precision < -308) return std::copysign(0.0, value);
  const double scale = std::pow(10.0, static_cast<double>(-precision));
  return std::nearbyint(value / scale) * scale;
}

Value round(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("round", arguments, {"precision", "method"});
  const String method = parameters.get(1) == nullptr ? "common" : parameters.text(1);
  if (method != "common" && method != "ceil" && method != "floor") fail("method must be common, ceil or floor");
  if (self.is_undefined()) fail(self.undefined_message());
  if (!self.is_number()) fail("type ", type_name(self), " doesn't define __round__ method");
  const long long precision = clamped(parameters.integer(0, 0), -1000, 1000);
  if (method != "common") {
    const double scale = std::pow(10.0, static_cast<double>(precision));
    const double scaled = self.as_real() * scale;
    return Value::real((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale);
  }
  if (self.is_real()) return Value::real(rounded(self.as_real(), precision));
  if (precision >= 0) return Value::integer(self.as_index());
  if (precision < -37) return Value::integer(0);
  const Integer unit = power_of_ten(-precision), number = self.as_index();
  const Integer rest = ((number % unit) + unit) % unit, low = number - rest;
  const bool up = rest * 2 > unit || (rest * 2 == unit && (low / unit) % 2 != 0);
  return Value::integer(up ? low + unit : low);
}

Value sum(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("sum", arguments, {"attribute", "start"});
  Value total = parameters.value(1, Value::integer(0));
  if (total.is_text()) fail("sum() can't sum strings [use ''.join(seq) instead]");
  Cursor cursor = interpreter.iterate(self);
  Value item;
  while (interpreter.next(cursor, item)) {
    if (parameters.given(0) != nullptr) item = interpreter.follow(item, *parameters.get(0), nullptr);
    total = arithmetic(Arithmetic::add, total, item);
  }
  return total;
}

constexpr BuiltinEntry kNumberFilters[] = {
    {"abs", absolute}, {"int", to_integer}, {"float", to_real}, {"round", round}, {"sum", sum},
};

}  // namespace

BuiltinTable number_filters() { return kNumberFilters; }

}  // namespace brim::templates::jinja

// The tests of `is`: x is defined, x is mapping, x is divisibleby 3, …
#include "engine/template/jinja/arithmetic.hpp"
#include "engine/template/jinja/builtins.hpp"
#include "engine/template/jinja/code_points.hpp"
#include "engine/template/jinja/compare.hpp"
#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/interpreter.hpp"
#include "engine/template/jinja/printing.hpp"

namespace brim::templates::jinja {
namespace {

// A test without arguments, as a condition on the value.
template <bool (*condition)(Interpreter&, const Value&)>
Value plain(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  Parameters("test", arguments, {});
  return Value::boolean(condition(interpreter, self));
}

// A test with one argument.
template <bool (*condition)(Interpreter&, const Value&, const Value&)>
Value against(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("test", arguments, {"other"}, 1);
  return Value::boolean(condition(interpreter, self, *parameters.get(0)));
}

bool is_defined(Interpreter&, const Value& value) { return !value.is_undefined(); }
bool is_undefined(Interpreter&, const Value& value) { return value.is_undefined(); }
bool is_none(Interpreter&, const Value& value) { return value.is_none(); }
bool is_boolean(Interpreter&, const Value& value) { return value.is_boolean(); }
bool is_true(Interpreter&, const Value& value) { return value.is_boolean() && value.as_boolean(); }
bool is_false(Interpreter&, const Value& value) { return value.is_boolean() && !value.as_boolean(); }
bool is_integer(Interpreter&, const Value& value) { return value.is_integer(); }
bool is_float(Interpreter&, const Value& value) { return value.is_real(); }
bool is_number(Interpreter&, const Value& value) { return value.is_number(); }
bool is_string(Interpreter&, const Value& value) { return value.is_text(); }
bool is_mapping(Interpreter&, const Value& value) { return value.is_dict(); }
bool is_iterable(Interpreter& interpreter, const Value& value) { return interpreter.is_iterable(value); }
bool is_callable(Interpreter& interpreter, const Value& value) { return interpreter.is_callable(value); }
bool is_escaped(Interpreter&, const Value& value) { return value.is_markup(); }

// What has a length and items: views of dicts and generators have no items.
bool is_sequence(Interpreter&, const Value& value) {
  return value.is_undefined() || value.is_text() || value.sequence() != nullptr || value.is_dict() ||
         value.object_as<Range>() != nullptr;
}

bool is_remainder(const Value& value, Integer divisor, Integer wanted) {
  return equal(arithmetic(Arithmetic::modulo, value, Value::integer(divisor)), Value::integer(wanted));
}
bool is_odd(Interpreter&, const Value& value) { return is_remainder(value, 2, 1); }
bool is_even(Interpreter&, const Value& value) { return is_remainder(value, 2, 0); }
bool is_divisible(Interpreter&, const Value& value, const Value& divisor) {
  return equal(arithmetic(Arithmetic::modulo, value, divisor), Value::integer(0));
}

// str.islower / str.isupper of the printed value: some letter with case, and none of the other.
bool all_case(const Value& value, bool (*wanted)(char32_t), bool (*refused)(char32_t)) {
  const String text = python_str(value);
  charge_text(text.size());
  bool any = false;
  for (std::size_t offset = 0; offset < text.size();) {
    const char32_t c = code_point_at(text, offset, offset);
    if (refused(c) || is_title(c)) return false;
    any |= wanted(c);
  }
  return any;
}
bool is_lower(Interpreter&, const Value& value) { return all_case(value, is_cased_lower, is_cased_upper); }
bool is_upper(Interpreter&, const Value& value) { return all_case(value, is_cased_upper, is_cased_lower); }

bool is_filter(Interpreter&, const Value& value) { return value.is_text() && find_filter(value.as_text()) != nullptr; }
bool is_test(Interpreter&, const Value& value) { return value.is_text() && find_test(value.as_text()) != nullptr; }

bool is_same(Interpreter&, const Value& value, const Value& other) { return value.same_as(other); }
bool is_in(Interpreter& interpreter, const Value& value, const Value& container) {
  return interpreter.contains(container, value);
}
bool is_equal(Interpreter&, const Value& value, const Value& other) { return equal(value, other); }
bool is_unequal(Interpreter&, const Value& value, const Value& other) { return !equal(value, other); }
bool is_less(Interpreter&, const Value& value, const Value& other) { return less(value, other, "<"); }
bool is_less_or_equal(Interpreter&, const Value& value, const Value& other) {
  return less_or_equal(value, other, "<=");
}
bool is_greater(Interpreter&, const Value& value, const Value& other) { return less(other, value, ">"); }
bool is_greater_or_equal(Interpreter&, const Value& value, const Value& other) {
  return less_or_equal(other, value, ">=");
}

constexpr BuiltinEntry kTests[] = {
    {"defined", plain<is_defined>},
    {"undefined", plain<is_undefined>},
    {"none", plain<is_none>},
    {"boolean", plain<is_boolean>},
    {"true", plain<is_true>},
    {"false", plain<is_false>},
    {"integer", plain<is_integer>},
    {"float", plain<is_float>},
    {"number", plain<is_number>},
    {"string", plain<is_string>},
    {"mapping", plain<is_mapping>},
    {"iterable", plain<is_iterable>},
    {"sequence", plain<is_sequence>},
    {"callable", plain<is_callable>},
    {"escaped", plain<is_escaped>},
    {"odd", plain<is_odd>},
    {"even", plain<is_even>},
    {"divisibleby", against<is_divisible>},
    {"lower", plain<is_lower>},
    {"upper", plain<is_upper>},
    {"filter", plain<is_filter>},
    {"test", plain<is_test>},
    {"sameas", against<is_same>},
    {"in", against<is_in>},
    {"==", against<is_equal>},
    {"eq", against<is_equal>},
    {"equalto", against<is_equal>},
    {"!=", against<is_unequal>},
    {"ne", against<is_unequal>},
    {"<", against<is_less>},
    {"lt", against<is_less>},
    {"lessthan", against<is_less>},
    {"<=", against<is_less_or_equal>},
    {"le", against<is_less_or_equal>},
    {">", against<is_greater>},
    {"gt", against<is_greater>},
    {"greaterthan", against<is_greater>},
    {">=", against<is_greater_or_equal>},
    {"ge", against<is_greater_or_equal>},
};

}  // namespace

BuiltinTable test_table() { return kTests; }

}  // namespace brim::templates::jinja

// The functions every template sees: range, dict, namespace, cycler, joiner, raise_exception, strftime_now.
#include <ctime>

#include "engine/template/jinja/builtins.hpp"
#include "engine/template/jinja/code_points.hpp"
#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/interpreter.hpp"
#include "engine/template/jinja/printing.hpp"
#include "platform/calendar.hpp"

namespace brim::templates::jinja {
namespace {

constexpr Integer kMaxRange = 100000;  // the sandbox's own bound

Value range(Interpreter&, const Value&, const CallArguments& arguments) {
  const Parameters parameters("range", arguments, {"start", "stop", "step"}, 1, Parameters::Names::positional_only);
  constexpr Integer kFar = Integer{1} << 100;
  for (std::size_t i = 0; i < 3; ++i) {
    const Integer bound = parameters.integer(i, 0);
    if (bound > kFar || bound < -kFar) fail("a bound of range() is too large");
  }
  auto made = make_metered<Range>();
  made->start = parameters.get(1) == nullptr ? Integer{0} : parameters.integer(0, 0);
  made->stop = parameters.get(1) == nullptr ? parameters.integer(0, 0) : parameters.integer(1, 0);
  made->step = parameters.integer(2, 1);
  if (made->step == 0) fail("range() arg 3 must not be zero");
  if (made->size() > kMaxRange) {
    fail("Range too big. The sandbox blocks ranges larger than MAX_RANGE (", static_cast<int>(kMaxRange), ").");
  }
  return Value::object(std::move(made));
}

// dict(mapping or pairs, name=value, …)
std::shared_ptr<Dict> make_dict(Interpreter& interpreter, const char* function, const CallArguments& arguments) {
  auto dict = make_metered<Dict>();
  if (arguments.positional.size() > 1)
    fail(function, " expected at most 1 argument, got ", arguments.positional.size());
  if (!arguments.positional.empty()) {
    const Value& source = arguments.positional[0];
    if (source.is_dict()) {
      for (std::size_t i = 0; i < source.as_dict().size(); ++i) {
        dict->set(source.as_dict().keys[i], source.as_dict().values[i]);
      }
    } else {
      Cursor cursor = interpreter.iterate(source);
      Value item;
      for (int i = 0; interpreter.next(cursor, item); ++i) {
        if (!interpreter.is_iterable(item))
          fail("cannot convert dictionary update sequence element #", i, " to a sequence");
        auto pair = interpreter.collect(item);
        if (pair.size() != 2) {
          fail("dictionary update sequence element #", i, " has length ", pair.size(), "; 2 is required");
        }
        dict->set(std::move(pair[0]), std::move(pair[1]));
      }
    }
  }
  for (const auto& [name, value] : arguments.named) dict->set(Value::text(name), value);
  return dict;
}

Value dict(Interpreter& interpreter, const Value&, const CallArguments& arguments) {
  return Value::dict(make_dict(interpreter, "dict", arguments));
}

Value name_space(Interpreter& interpreter, const Value&, const CallArguments& arguments) {
  auto attributes = make_dict(interpreter, "namespace", arguments);
  auto space = interpreter.make_namespace();
  space->attributes = std::move(attributes);
  return Value::object(std::move(space));
}

Value cycler(Interpreter&, const Value&, const CallArguments& arguments) {
  if (arguments.positional.empty() || !arguments.named.empty()) fail("at least one item has to be provided");
  auto made = make_metered<Cycler>();
  made->items = arguments.positional;
  return Value::object(std::move(made));
}

Value joiner(Interpreter&, const Value&, const CallArguments& arguments) {
  const Parameters parameters("joiner", arguments, {"sep"});
  auto made = make_metered<Joiner>();
  made->separator = parameters.value(0, Value::text(", "));
  return Value::object(std::move(made));
}

Value raise_exception(Interpreter&, const Value&, const CallArguments& arguments) {
  const Parameters parameters("raise_exception", arguments, {"message"}, 1);
  TemplateFailure failure{ErrorCode::invalid_argument, std::string(python_str(*parameters.get(0)))};
  failure.by_template = true;
  throw failure;
}

// One conversion ("%-d") at a time, in the C locale whatever the host's is, so that names of months are English and a
// format cannot ask for more than a few characters.
Value strftime_now(Interpreter& interpreter, const Value&, const CallArguments& arguments) {
  const Parameters parameters("strftime_now", arguments, {"format"}, 1);
  const String& format = parameters.text(0);
  const std::tm parts = interpreter.now() >= 0 ? platform::utc_time(static_cast<std::time_t>(interpreter.now()))
                                               : platform::local_time(std::time(nullptr));
  String out;
  charge_text(format.size() * 4);
  for (std::size_t at = 0; at < format.size();) {
    if (format[at] != '%' || at + 1 >= format.size()) {
      out += format[at++];
      continue;
    }
    std::size_t end = at + 1;
    while (end < format.size() && std::string_view("-_0^#").find(format[end]) != std::string_view::npos) ++end;
    for (int digits = 0; digits < 2 && end < format.size() && format[end] >= '0' && format[end] <= '9'; ++digits) ++end;
    if (end >= format.size()) {
      out.append(format, at, std::string::npos);
      break;
    }
    const String conversion = format.substr(at, end + 1 - at);
    at = end + 1;
    charge_steps(2);
    if (conversion.back() == 'f') {
      out += "000000";
    } else if (conversion.back() != 'z' && conversion.back() != 'Z') {  // a time without zone shows none
      char buffer[256];
      const std::size_t written = platform::format_time(buffer, sizeof(buffer), conversion.c_str(), parts);
      out.append(buffer, written);
    }
    if (out.size() > kMaxTextBytes) charge_text(out.size());
  }
  return Value::text(valid_utf8(out));
}

constexpr BuiltinEntry kGlobals[] = {
    {"range", range},
    {"dict", dict},
    {"namespace", name_space},
    {"cycler", cycler},
    {"joiner", joiner},
    {"raise_exception", raise_exception},
    {"strftime_now", strftime_now},
};

}  // namespace

BuiltinTable global_table() { return kGlobals; }

}  // namespace brim::templates::jinja

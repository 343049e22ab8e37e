// map, select, reject, selectattr, rejectattr: generators that call another filter or test on each item.
#include "engine/template/jinja/builtins.hpp"
#include "engine/template/jinja/compare.hpp"
#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/interpreter.hpp"
#include "engine/template/jinja/printing.hpp"

namespace brim::templates::jinja {
namespace {

struct Mapped final : Generator {
  bool next(Interpreter& interpreter, Value& item) override {
    if (!interpreter.next(input, item)) return false;
    item = name.empty() ? interpreter.follow(item, attribute, fallback.is_none() ? nullptr : &fallback)
                        : interpreter.apply_filter(name, item, arguments);
    return true;
  }
  String name;  ///< the filter; empty: follow `attribute`
  CallArguments arguments;
  Value attribute, fallback;
};

Value map(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  auto generator = make_metered<Mapped>();
  const Value* attribute = nullptr;
  for (const auto& [name, value] : arguments.named) {
    if (name == "attribute") attribute = &value;
  }
  if (arguments.positional.empty() && attribute != nullptr) {
    generator->attribute = *attribute;
    for (const auto& [name, value] : arguments.named) {
      if (name == "default") {
        generator->fallback = value;
      } else if (name != "attribute") {
        fail("Unexpected keyword argument ", python_quoted(name));
      }
    }
  } else {
    if (arguments.positional.empty()) fail("map requires a filter argument");
    if (!arguments.positional[0].is_text()) fail("map requires the name of a filter");
    generator->name = arguments.positional[0].as_text();
    generator->arguments = arguments;
    generator->arguments.positional.erase(generator->arguments.positional.begin());
  }
  generator->input = truth(self) ? interpreter.iterate(self) : Cursor{Value::undefined({}), 0};
  return Value::object(std::move(generator));
}

struct Selected final : Generator {
  bool next(Interpreter& interpreter, Value& item) override {
    while (interpreter.next(input, item)) {
      const Value subject = by_attribute ? interpreter.follow(item, attribute, nullptr) : item;
      const bool passes = truth(test.empty() ? subject : interpreter.apply_test(test, subject, arguments));
      if (passes == wanted) return true;
    }
    return false;
  }
  String test;  ///< empty: the truth of the item
  CallArguments arguments;
  Value attribute;
  bool by_attribute = false;
  bool wanted = true;
};

Value selection(Interpreter& interpreter, const Value& self, const CallArguments& arguments, bool by_attribute,
                bool wanted) {
  auto generator = make_metered<Selected>();
  generator->by_attribute = by_attribute;
  generator->wanted = wanted;
  std::size_t used = 0;
  if (by_attribute) {
    if (arguments.positional.empty()) fail("Missing parameter for attribute name");
    generator->attribute = arguments.positional[used++];
  }
  if (used < arguments.positional.size()) {
    if (!arguments.positional[used].is_text()) fail("the name of a test must be a string");
    generator->test = arguments.positional[used++].as_text();
    generator->arguments.positional.assign(arguments.positional.begin() + static_cast<std::ptrdiff_t>(used),
                                           arguments.positional.end());
    generator->arguments.named = arguments.named;
  }
  generator->input = truth(self) ? interpreter.iterate(self) : Cursor{Value::undefined({}), 0};
  return Value::object(std::move(generator));
}

Value select(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  return selection(interpreter, self, arguments, false, true);
}
Value reject(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  return selection(interpreter, self, arguments, false, false);
}
Value select_attribute(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  return selection(interpreter, self, arguments, true, true);
}
Value reject_attribute(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  return selection(interpreter, self, arguments, true, false);
}

constexpr BuiltinEntry kSelectionFilters[] = {
    {"map", map},
    {"select", select},
    {"reject", reject},
    {"selectattr", select_attribute},
    {"rejectattr", reject_attribute},
};

}  // namespace

BuiltinTable selection_filters() { return kSelectionFilters; }

}  // namespace brim::templates::jinja

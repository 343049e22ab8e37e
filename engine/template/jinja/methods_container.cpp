// Methods of list, tuple, dict, numbers, loops and cyclers.
#include <algorithm>
#include <cmath>

#include "engine/template/jinja/builtins.hpp"
#include "engine/template/jinja/compare.hpp"
#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/interpreter.hpp"
#include "engine/template/jinja/printing.hpp"

namespace brim::templates::jinja {
namespace {

constexpr auto kPositional = Parameters::Names::positional_only;
constexpr std::int64_t kFar = std::int64_t{1} << 62;

// ---- list and tuple

Value index(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("index", arguments, {"value", "start", "stop"}, 1, kPositional);
  const auto& items = *self.sequence();
  const auto size = static_cast<std::int64_t>(items.size());
  const auto bound = [&](std::size_t place, std::int64_t otherwise) {
    const std::int64_t value = clamped(parameters.integer(place, otherwise), -kFar, kFar);
    return std::clamp<std::int64_t>(value < 0 ? value + size : value, 0, size);
  };
  const std::int64_t stop = bound(2, size);
  for (std::int64_t i = bound(1, 0); i < stop; ++i) {
    if (equal(items[static_cast<std::size_t>(i)], *parameters.get(0))) return Value::integer(i);
  }
  fail(python_repr(*parameters.get(0)), " is not in ", type_name(self));
}

Value count(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("count", arguments, {"value"}, 1, kPositional);
  Integer found = 0;
  for (const Value& item : *self.sequence()) found += equal(item, *parameters.get(0));
  return Value::integer(found);
}

Value copy_list(Interpreter&, const Value& self, const CallArguments& arguments) {
  Parameters("copy", arguments, {});
  return Value::list(self.as_list().items);
}

// The two ways the sandbox of jinja2 3.1.2 leaves to change a list.
Value pop(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("pop", arguments, {"index"}, 0, kPositional);
  auto& items = self.as_list().items;
  if (items.empty()) fail("pop from empty list");
  std::int64_t place = clamped(parameters.integer(0, -1), -kFar, kFar);
  if (place < 0) place += static_cast<std::int64_t>(items.size());
  if (place < 0 || place >= static_cast<std::int64_t>(items.size())) fail("pop index out of range");
  charge_steps(static_cast<std::int64_t>(items.size()) - place);
  Value taken = std::move(items[static_cast<std::size_t>(place)]);
  items.erase(items.begin() + place);
  return taken;
}

Value clear(Interpreter&, const Value& self, const CallArguments& arguments) {
  Parameters("clear", arguments, {});
  self.as_list().items.clear();
  return {};
}

// ---- dict

Value get(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("get", arguments, {"key", "default"}, 1, kPositional);
  const Value* value = self.as_dict().find(*parameters.get(0));
  return value != nullptr ? *value : parameters.value(1);
}

template <DictView::Part part>
Value view(Interpreter&, const Value& self, const CallArguments& arguments) {
  Parameters("dict method", arguments, {});
  return Value::object(make_metered<DictView>(self, part));
}

Value copy_dict(Interpreter&, const Value& self, const CallArguments& arguments) {
  Parameters("copy", arguments, {});
  auto copy = make_metered<Dict>();
  for (std::size_t i = 0; i < self.as_dict().size(); ++i) copy->set(self.as_dict().keys[i], self.as_dict().values[i]);
  return Value::dict(std::move(copy));
}

// ---- numbers

Value is_integer(Interpreter&, const Value& self, const CallArguments& arguments) {
  Parameters("is_integer", arguments, {});
  if (!self.is_real()) fail("'", type_name(self), "' object has no attribute 'is_integer'");
  return Value::boolean(std::isfinite(self.as_real()) && self.as_real() == std::floor(self.as_real()));
}

Value bit_length(Interpreter&, const Value& self, const CallArguments& arguments) {
  Parameters("bit_length", arguments, {});
  if (self.is_real()) fail("'float' object has no attribute 'bit_length'");
  Integer rest = self.as_index() < 0 ? -self.as_index() : self.as_index();
  Integer bits = 0;
  for (; rest != 0; rest /= 2) ++bits;
  return Value::integer(bits);
}

Value conjugate(Interpreter&, const Value& self, const CallArguments& arguments) {
  Parameters("conjugate", arguments, {});
  return self.is_real() ? self : Value::integer(self.as_index());
}

// ---- loop and cycler

Value cycle(Interpreter&, const Value& self, const CallArguments& arguments) {
  const auto* loop = self.object_as<Loop>();
  if (arguments.positional.empty()) fail("no items for cycling given");
  return arguments.positional[static_cast<std::size_t>(loop->index0) % arguments.positional.size()];
}

Value changed(Interpreter&, const Value& self, const CallArguments& arguments) {
  auto* loop = self.object_as<Loop>();
  Value now = Value::tuple(arguments.positional);
  if (loop->has_changed && equal(loop->last_changed, now)) return Value::boolean(false);
  loop->has_changed = true;
  loop->last_changed = std::move(now);
  return Value::boolean(true);
}

Value next(Interpreter&, const Value& self, const CallArguments& arguments) {
  Parameters("next", arguments, {});
  auto* cycler = self.object_as<Cycler>();
  const Value current = cycler->items[cycler->position];
  cycler->position = (cycler->position + 1) % cycler->items.size();
  return current;
}

Value reset(Interpreter&, const Value& self, const CallArguments& arguments) {
  Parameters("reset", arguments, {});
  self.object_as<Cycler>()->position = 0;
  return {};
}

constexpr BuiltinEntry kListMethods[] = {
    {"index", index}, {"count", count}, {"copy", copy_list}, {"pop", pop}, {"clear", clear},
};
constexpr BuiltinEntry kTupleMethods[] = {{"index", index}, {"count", count}};
constexpr BuiltinEntry kDictMethods[] = {
    {"get", get},
    {"items", view<DictView::Part::items>},
    {"keys", view<DictView::Part::keys>},
    {"values", view<DictView::Part::values>},
    {"copy", copy_dict},
};
constexpr BuiltinEntry kNumberMethods[] = {
    {"is_integer", is_integer},
    {"bit_length", bit_length},
    {"conjugate", conjugate},
};
constexpr BuiltinEntry kLoopMethods[] = {{"cycle", cycle}, {"changed", changed}};
constexpr BuiltinEntry kCyclerMethods[] = {{"next", next}, {"reset", reset}};

}  // namespace

BuiltinTable list_methods() { return kListMethods; }
BuiltinTable tuple_methods() { return kTupleMethods; }
BuiltinTable dict_methods() { return kDictMethods; }
BuiltinTable number_methods() { return kNumberMethods; }
BuiltinTable loop_methods() { return kLoopMethods; }
BuiltinTable cycler_methods() { return kCyclerMethods; }

}  // namespace brim::templates::jinja

// Calls (Interpreter): functions and methods, macros with their defaults, recursive loops, joiners.
#include <algorithm>

#include "engine/template/jinja/compare.hpp"
#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/interpreter.hpp"
#include "engine/template/jinja/printing.hpp"

namespace brim::templates::jinja {

bool Interpreter::is_callable(const Value& value) const {
  // Undefined has a __call__ (which fails), so Python's callable() says yes.
  return value.is_undefined() || value.object_as<Function>() != nullptr || value.object_as<Macro>() != nullptr ||
         value.object_as<Loop>() != nullptr || value.object_as<Joiner>() != nullptr;
}

Value Interpreter::call(const Value& callee, const CallArguments& arguments) {
  const Depth depth;
  if (callee.is_undefined()) fail(callee.undefined_message());
  if (const auto* function = callee.object_as<Function>()) return function->body(*this, function->self, arguments);
  if (const auto* macro = callee.object_as<Macro>()) return call_macro(*macro, arguments);
  if (auto* loop = callee.object_as<Loop>()) return call_loop(*loop, arguments);
  if (auto* joiner = callee.object_as<Joiner>()) {
    Parameters("joiner", arguments, {});
    return std::exchange(joiner->used, true) ? joiner->separator : Value::text({});
  }
  fail("'", type_name(callee), "' object is not callable");
}

std::shared_ptr<Macro> Interpreter::make_macro(const Statement& definition, const std::shared_ptr<Scope>& scope) {
  auto macro = make_metered<Macro>();
  macro->definition = &definition;
  macro->scope = scope;
  // A scope that holds a macro that holds the scope would never be freed; so it is recorded and emptied at the end.
  remember_scope(scope);
  return macro;
}

Value Interpreter::call_macro(const Macro& macro, const CallArguments& arguments) {
  const Statement& definition = *macro.definition;
  const auto shown_name = [&] { return definition.name.empty() ? String("None") : python_quoted(definition.name); };
  auto scope = make_metered<Scope>(macro.scope);
  Vector<bool> used(arguments.named.size(), false);
  const NamedArguments named(arguments);
  const auto take_named = [&](std::string_view name) -> const Value* {
    const std::size_t place = named.find(name);
    if (place == arguments.named.size() || used[place]) return nullptr;
    used[place] = true;
    return &arguments.named[place].second;
  };
  Vector<const Parameter*> missing;
  for (std::size_t i = 0; i < definition.parameters.size(); ++i) {
    const Parameter& parameter = definition.parameters[i];
    const Value* value = i < arguments.positional.size() ? &arguments.positional[i] : take_named(parameter.name);
    if (value != nullptr) {
      scope->set(parameter.name_id, *value);
    } else {
      missing.push_back(&parameter);
    }
  }
  if (definition.takes_caller) {
    const Value* caller = take_named("caller");
    scope->set(kCallerName, caller != nullptr && !caller->is_none() ? *caller : Value::undefined("No caller defined"));
  }
  if (definition.takes_kwargs) {
    auto rest = make_metered<Dict>();
    for (std::size_t i = 0; i < arguments.named.size(); ++i) {
      if (!used[i]) rest->set(Value::text(arguments.named[i].first), arguments.named[i].second);
    }
    scope->set(kKwargsName, Value::dict(std::move(rest)));
  } else {
    for (std::size_t i = 0; i < arguments.named.size(); ++i) {
      if (!used[i])
        fail("macro ", shown_name(), " takes no keyword argument ", python_quoted(arguments.named[i].first));
    }
  }
  const std::size_t taken = std::min(arguments.positional.size(), definition.parameters.size());
  if (definition.takes_varargs) {
    scope->set(kVarargsName, Value::tuple({arguments.positional.begin() + static_cast<std::ptrdiff_t>(taken),
                                           arguments.positional.end()}));
  } else if (arguments.positional.size() > taken) {
    fail("macro ", shown_name(), " takes not more than ", definition.parameters.size(), " argument(s)");
  }
  // Defaults are evaluated inside, in order: they may use the parameters before them. Their own name and those after
  // are undefined, not what the same name means outside.
  for (const Parameter* parameter : missing) {
    scope->set(parameter->name_id, Value::undefined(sentence(python_quoted(parameter->name), " is undefined")));
  }
  for (const Parameter* parameter : missing) {
    scope->set(parameter->name_id,
               parameter->default_value
                   ? evaluate(*parameter->default_value, *scope)
                   : Value::undefined(sentence("parameter ", python_quoted(parameter->name), " was not provided")));
  }
  Flow flow = Flow::normal;
  return captured(definition.branches[0], scope, flow);
}

Value Interpreter::call_loop(Loop& loop, const CallArguments& arguments) {
  const Parameters parameters("loop", arguments, {"iterable"}, 1);
  if (loop.statement == nullptr) fail("The loop must have the 'recursive' marker to be called recursively.");
  String text;
  String* outer = std::exchange(output_, &text);
  try {
    run_for(*loop.statement, *parameters.get(0), loop.scope, loop.depth0 + 1);
  } catch (...) {
    output_ = outer;
    throw;
  }
  output_ = outer;
  return Value::text(std::move(text));
}

}  // namespace brim::templates::jinja

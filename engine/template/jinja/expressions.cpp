// Evaluation of expressions (Interpreter).
#include "engine/template/jinja/arithmetic.hpp"
#include "engine/template/jinja/compare.hpp"
#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/interpreter.hpp"
#include "engine/template/jinja/printing.hpp"

namespace brim::templates::jinja {

Value Interpreter::evaluate(const Expression& node, Scope& scope) {
  const Depth depth;
  charge_steps(1);
  try {
    return evaluate_kind(node, scope);
  } catch (TemplateFailure& failure) {
    if (failure.line == 0) failure.line = node.line;  // the innermost expression that failed
    throw;
  }
}

Value Interpreter::evaluate_kind(const Expression& node, Scope& scope) {
  const auto operand = [&](std::size_t i) { return evaluate(*node.operands[i], scope); };
  const auto optional = [&](std::size_t i) { return node.operands[i] ? operand(i) : Value(); };
  switch (node.kind) {
    case ExpressionKind::literal:
      return node.value;
    case ExpressionKind::name:
      return evaluate_name(node, scope);
    case ExpressionKind::list:
    case ExpressionKind::tuple:
    case ExpressionKind::dict:
      return evaluate_collection(node, scope);
    case ExpressionKind::attribute:
      return attribute(operand(0), node.name);
    case ExpressionKind::item: {
      const Value owner = operand(0);
      return item(owner, operand(1));
    }
    case ExpressionKind::slice: {
      const Value owner = operand(0);
      const Value start = optional(1), stop = optional(2), step = optional(3);
      return slice(owner, start, stop, step);
    }
    case ExpressionKind::call: {
      const Value callee = operand(0);
      return call(callee, evaluate_arguments(node.arguments, scope));
    }
    case ExpressionKind::filter:
      return evaluate_filter(node, scope, nullptr);
    case ExpressionKind::test: {
      const Value subject = operand(0);
      const CallArguments arguments = evaluate_arguments(node.arguments, scope);
      if (node.builtin == nullptr) fail("no test named '", node.name, "' found");
      return node.builtin->body(*this, subject, arguments);
    }
    case ExpressionKind::negate:
      return negative(operand(0));
    case ExpressionKind::plus:
      return positive(operand(0));
    case ExpressionKind::logical_not:
      return Value::boolean(!truth(operand(0)));
    case ExpressionKind::logical_and: {
      Value left = operand(0);
      return truth(left) ? operand(1) : left;
    }
    case ExpressionKind::logical_or: {
      Value left = operand(0);
      return truth(left) ? left : operand(1);
    }
    case ExpressionKind::conditional:
      if (truth(operand(0))) return operand(1);
      if (node.operands[2]) return operand(2);
      return Value::undefined(sentence("the inline if-expression on line ", node.line,
                                       " evaluated to false and no else section was defined."));
    case ExpressionKind::concatenate: {
      String text;
      for (std::size_t i = 0; i < node.operands.size(); ++i) {
        text += python_str(operand(i));
        if (text.size() > kMaxTextBytes) charge_text(text.size());
      }
      return Value::text(std::move(text));
    }
    case ExpressionKind::arithmetic: {
      const Value left = operand(0);
      return arithmetic(node.operation, left, operand(1));
    }
    case ExpressionKind::compare:
      return evaluate_compare(node, scope);
  }
  return {};
}

Value Interpreter::evaluate_collection(const Expression& node, Scope& scope) {
  if (node.kind == ExpressionKind::dict) {
    auto dict = make_metered<Dict>();
    for (std::size_t i = 0; i < node.operands.size(); i += 2) {
      Value key = evaluate(*node.operands[i], scope);
      dict->set(std::move(key), evaluate(*node.operands[i + 1], scope));
    }
    return Value::dict(std::move(dict));
  }
  Vector<Value> items;
  items.reserve(node.operands.size());
  for (std::size_t i = 0; i < node.operands.size(); ++i) items.push_back(evaluate(*node.operands[i], scope));
  return node.kind == ExpressionKind::list ? Value::list(std::move(items)) : Value::tuple(std::move(items));
}

Value Interpreter::evaluate_name(const Expression& node, const Scope& scope) {
  if (const Value* value = scope.find(node.name_id)) return *value;
  if (const BuiltinEntry* global = find_global(node.name)) {
    return Value::object(make_metered<Function>(String(node.name), global->body, Value()));
  }
  return Value::undefined(sentence(python_quoted(node.name), " is undefined"));
}

Value Interpreter::evaluate_compare(const Expression& node, Scope& scope) {
  Value left = evaluate(*node.operands[0], scope);
  for (std::size_t i = 0; i < node.comparisons.size(); ++i) {
    Value right = evaluate(*node.operands[i + 1], scope);
    bool holds = false;
    switch (node.comparisons[i]) {
      case Comparison::equal:
        holds = equal(left, right);
        break;
      case Comparison::not_equal:
        holds = !equal(left, right);
        break;
      case Comparison::less:
        holds = less(left, right, "<");
        break;
      case Comparison::less_or_equal:
        holds = less_or_equal(left, right, "<=");
        break;
      case Comparison::greater:
        holds = less(right, left, ">");
        break;
      case Comparison::greater_or_equal:
        holds = less_or_equal(right, left, ">=");
        break;
      case Comparison::in:
        holds = contains(right, left);
        break;
      case Comparison::not_in:
        holds = !contains(right, left);
        break;
    }
    if (!holds) return Value::boolean(false);
    left = std::move(right);
  }
  return Value::boolean(true);
}

Value Interpreter::evaluate_filter(const Expression& node, Scope& scope, const Value* block_text) {
  // The innermost filter of a block's chain has no operand: its input is the text of the block.
  const auto input = [&]() -> Value {
    if (!node.operands[0]) return *block_text;
    if (block_text != nullptr && node.operands[0]->kind == ExpressionKind::filter) {
      return evaluate_filter(*node.operands[0], scope, block_text);
    }
    return evaluate(*node.operands[0], scope);
  };
  const Value value = input();
  const CallArguments arguments = evaluate_arguments(node.arguments, scope);
  if (node.builtin == nullptr) fail("no filter named '", node.name, "' found");
  return node.builtin->body(*this, value, arguments);
}

CallArguments Interpreter::evaluate_arguments(const Arguments& arguments, Scope& scope) {
  CallArguments evaluated;
  for (const ExpressionPtr& argument : arguments.positional) evaluated.positional.push_back(evaluate(*argument, scope));
  if (arguments.spread) {
    for (Value& value : collect(evaluate(*arguments.spread, scope))) evaluated.positional.push_back(std::move(value));
  }
  for (const auto& [name, argument] : arguments.named) evaluated.named.emplace_back(name, evaluate(*argument, scope));
  if (arguments.spread_named) {
    const Value mapping = evaluate(*arguments.spread_named, scope);
    if (!mapping.is_dict()) fail("argument after ** must be a mapping, not ", type_name(mapping));
    const Dict& dict = mapping.as_dict();
    for (const auto& [name, value] : evaluated.named) {
      if (dict.find(name) != nullptr) fail("got multiple values for keyword argument '", name, "'");
    }
    for (std::size_t i = 0; i < dict.size(); ++i) {
      charge_steps(1);
      if (!dict.keys[i].is_text()) fail("keywords must be strings");
      evaluated.named.emplace_back(dict.keys[i].as_text(), dict.values[i]);
    }
  }
  return evaluated;
}

Value Interpreter::apply_filter(const String& name, const Value& input, const CallArguments& arguments) {
  const BuiltinEntry* filter = find_filter(name);
  if (filter == nullptr) fail("no filter named '", name, "' found");
  const Depth depth;
  return filter->body(*this, input, arguments);
}

Value Interpreter::apply_test(const String& name, const Value& subject, const CallArguments& arguments) {
  const BuiltinEntry* test = find_test(name);
  if (test == nullptr) fail("no test named '", name, "' found");
  const Depth depth;
  return test->body(*this, subject, arguments);
}

}  // namespace brim::templates::jinja

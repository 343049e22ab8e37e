// Execution of statements (Interpreter).
#include <algorithm>

#include "engine/template/jinja/compare.hpp"
#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/interpreter.hpp"
#include "engine/template/jinja/printing.hpp"

namespace brim::templates::jinja {
namespace {

// The value that the targets of an assignment hold now.
Value assigned(const Target& target, const Scope& scope) {
  if (target.kind == Target::Kind::name) return *scope.find(target.name_id);
  Vector<Value> items;
  for (const Target& item : target.items) items.push_back(assigned(item, scope));
  return Value::tuple(std::move(items));
}

// The items that pass the condition of `for … if …`, found one by one while the loop runs.
struct FilteredItems final : Generator {
  bool next(Interpreter& interpreter, Value& item) override {
    while (interpreter.next(input, item)) {
      if (interpreter.passes_filter(*statement, scope, item)) return true;
    }
    return false;
  }
  const Statement* statement = nullptr;
  std::shared_ptr<Scope> scope;
};

}  // namespace

template <class T>
void Interpreter::remember(Vector<std::weak_ptr<T>>& held, std::weak_ptr<T> one, std::size_t& next_sweep) {
  held.push_back(std::move(one));
  if (held.size() < next_sweep) return;
  std::erase_if(held, [](const auto& entry) { return entry.expired(); });
  next_sweep = 2 * held.size() + 1000;
}

void Interpreter::remember_scope(const std::shared_ptr<Scope>& scope) {
  remember(captured_scopes_, std::weak_ptr<Scope>(scope), next_scope_sweep_);
}

Interpreter::Interpreter(const Tree& tree, long long now)
    : tree_(tree), now_(now), globals_(make_metered<Scope>(nullptr)), top_(make_metered<Scope>(globals_)) {}

Interpreter::~Interpreter() {
  // Breaks the circles that values can form through namespaces and macros.
  for (const auto& held : captured_scopes_) {
    if (const auto scope = held.lock()) scope->clear();
  }
  for (const auto& held : namespaces_) {
    if (const auto space = held.lock()) space->attributes->clear();
  }
}

void Interpreter::define(NameId name, Value value) { globals_->set(name, std::move(value)); }

String Interpreter::run() {
  String text;
  output_ = &text;
  run_block(tree_.body, top_);
  return text;
}

void Interpreter::write(std::string_view text) {
  if (text.size() > kMaxTextBytes - std::min(output_->size(), kMaxTextBytes)) charge_text(kMaxTextBytes + 1);
  charge_text(text.size());
  *output_ += text;
}

Interpreter::Flow Interpreter::run_block(const Block& block, const std::shared_ptr<Scope>& scope) {
  for (const auto& statement : block) {
    const Flow flow = run_statement(*statement, scope);
    if (flow != Flow::normal) return flow;
  }
  return Flow::normal;
}

Value Interpreter::captured(const Block& block, const std::shared_ptr<Scope>& scope, Flow& flow) {
  String text;
  String* outer = std::exchange(output_, &text);
  try {
    flow = run_block(block, scope);
  } catch (...) {
    output_ = outer;
    throw;
  }
  output_ = outer;
  return Value::text(std::move(text));
}

Interpreter::Flow Interpreter::run_statement(const Statement& statement, const std::shared_ptr<Scope>& scope) {
  const Depth depth;
  charge_steps(1);
  Flow flow = Flow::normal;
  try {
    switch (statement.kind) {
      case StatementKind::text:
        write(statement.text);
        break;
      case StatementKind::output:
        for (const ExpressionPtr& expression : statement.expressions) {
          const Value value = evaluate(*expression, *scope);
          if (value.is_text()) {
            write(value.as_text());
          } else {
            write(python_str(value));
          }
        }
        break;
      case StatementKind::if_:
        return run_if(statement, scope);
      case StatementKind::for_:
        return run_for(statement, evaluate(*statement.expressions[0], *scope), scope, 0);
      case StatementKind::set:
        assign(statement.target, evaluate(*statement.expressions[0], *scope), *scope);
        break;
      case StatementKind::set_block: {
        const auto inner = make_metered<Scope>(scope);
        Value text = captured(statement.branches[0], inner, flow);
        if (flow != Flow::normal) return flow;  // a break inside leaves the loop before anything is set
        if (statement.expressions[0]) text = evaluate_filter(*statement.expressions[0], *inner, &text);
        assign(statement.target, text, *scope);
        break;
      }
      case StatementKind::macro:
        scope->set(statement.name_id, Value::object(make_macro(statement, scope)));
        break;
      case StatementKind::call: {
        const Expression& node = *statement.expressions[0];
        const Value callee = evaluate(*node.operands[0], *scope);
        CallArguments arguments = evaluate_arguments(node.arguments, *scope);
        arguments.named.emplace_back("caller", Value::object(make_macro(statement, scope)));
        write(python_str(call(callee, arguments)));
        break;
      }
      case StatementKind::filter_block: {
        const auto inner = make_metered<Scope>(scope);
        const Value text = captured(statement.branches[0], inner, flow);
        if (flow != Flow::normal) return flow;
        write(python_str(evaluate_filter(*statement.expressions[0], *inner, &text)));
        break;
      }
      case StatementKind::with: {
        const auto inner = make_metered<Scope>(scope);
        for (const Parameter& variable : statement.parameters) {
          inner->set(variable.name_id, evaluate(*variable.default_value, *scope));
        }
        return run_block(statement.branches[0], inner);
      }
      case StatementKind::scope:
        return run_block(statement.branches[0], make_metered<Scope>(scope));
      case StatementKind::block:
        run_block(statement.branches[0], make_metered<Scope>(statement.scoped ? scope : top_));
        break;
      case StatementKind::break_:
        return Flow::break_loop;
      case StatementKind::continue_:
        return Flow::continue_loop;
    }
  } catch (TemplateFailure& failure) {
    if (failure.line == 0) failure.line = statement.line;
    throw;
  }
  return flow;
}

Interpreter::Flow Interpreter::run_if(const Statement& statement, const std::shared_ptr<Scope>& scope) {
  for (std::size_t i = 0; i < statement.branches.size(); ++i) {
    if (i >= statement.expressions.size() || truth(evaluate(*statement.expressions[i], *scope))) {
      return run_block(statement.branches[i], scope);
    }
  }
  return Flow::normal;
}

bool Interpreter::passes_filter(const Statement& loop, const std::shared_ptr<Scope>& scope, Value& item) {
  Scope inner(scope);
  assign(loop.target, item, inner);
  item = assigned(loop.target, inner);
  return truth(evaluate(*loop.expressions[1], inner));
}

Interpreter::Flow Interpreter::run_for(const Statement& statement, const Value& items,
                                       const std::shared_ptr<Scope>& scope, std::int64_t depth0) {
  auto loop = make_metered<Loop>();
  loop->cursor = iterate(items);
  loop->depth0 = depth0;
  if (statement.expressions[1]) {
    auto filtered = make_metered<FilteredItems>();
    filtered->input = std::move(loop->cursor);
    filtered->statement = &statement;
    filtered->scope = scope;
    loop->cursor = Cursor{Value::object(std::move(filtered)), 0};
  }
  if (!statement.expressions[1] && !items.is_text()) loop->length = length(items);  // text is counted when asked for
  if (statement.recursive) {
    loop->statement = &statement;
    loop->scope = scope;
  }
  // What loop.changed() stored may hold the loop itself: it is dropped when the loop ends, so that the loop can be
  // freed too.
  struct ResetLastChanged {
    Loop& loop;
    ~ResetLastChanged() { loop.last_changed = Value(); }
  } reset_last_changed{*loop};
  bool completed = false;  // jinja2 runs the else branch unless one round reached its end: a break or continue does not
  while (true) {
    Value item;
    if (loop->has_after) {
      item = std::move(loop->after);
      loop->has_after = false;
    } else if (loop->ended || !next(loop->cursor, item)) {
      break;
    }
    ++loop->index0;
    charge_steps(4);  // a scope and its variables
    loop->before = std::move(loop->current);
    loop->current = item;
    const auto inner = make_metered<Scope>(scope);
    inner->set(kLoopName, Value::object(loop));
    assign(statement.target, item, *inner);
    const Flow flow = run_block(statement.branches[0], inner);
    if (flow == Flow::break_loop) break;
    completed |= flow == Flow::normal;
  }
  if (!completed && statement.branches.size() > 1) return run_block(statement.branches[1], make_metered<Scope>(scope));
  return Flow::normal;
}

void Interpreter::assign(const Target& target, const Value& value, Scope& scope) {
  switch (target.kind) {
    case Target::Kind::name:
      scope.set(target.name_id, value);
      return;
    case Target::Kind::attribute: {
      const Value* owner = scope.find(target.name_id);
      auto* space = owner == nullptr ? nullptr : owner->object_as<Namespace>();
      if (space == nullptr) fail("cannot assign attribute on non-namespace object");
      space->attributes->set(Value::text(String(target.attribute)), value);
      return;
    }
    case Target::Kind::tuple:
      break;
  }
  if (!is_iterable(value)) fail("cannot unpack non-iterable ", type_name(value), " object");
  Cursor cursor = iterate(value);
  Vector<Value> items;
  Value item;
  while (items.size() <= target.items.size() && next(cursor, item)) items.push_back(std::move(item));
  if (items.size() > target.items.size()) fail("too many values to unpack (expected ", target.items.size(), ")");
  if (items.size() < target.items.size()) {
    fail("not enough values to unpack (expected ", target.items.size(), ", got ", items.size(), ")");
  }
  for (std::size_t i = 0; i < items.size(); ++i) assign(target.items[i], items[i], scope);
}

std::shared_ptr<Namespace> Interpreter::make_namespace() {
  auto space = make_metered<Namespace>();
  remember(namespaces_, std::weak_ptr<Namespace>(space), next_namespace_sweep_);
  return space;
}

}  // namespace brim::templates::jinja

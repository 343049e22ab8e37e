// Walks a parsed template and writes its text. One object per rendering; not shared between threads.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/template/jinja/ast.hpp"
#include "engine/template/jinja/builtins.hpp"
#include "engine/template/jinja/objects.hpp"
#include "engine/template/jinja/value.hpp"

namespace brim::templates::jinja {

class Interpreter {
 public:
  /// A Meter must be current and outlive this. `tree` is only read. `now`: seconds since the epoch that strftime_now
  /// shows as UTC; negative: the clock, local time.
  Interpreter(const Tree& tree, long long now);
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  /// Gives the template a variable, before run().
  void define(NameId name, Value value);
  /// The text of the template. Fails with TemplateFailure.
  String run();

  // ---- what builtins use (access.cpp, iteration.cpp, calls.cpp)

  /// owner.name: methods first, then items. Undefined when there is neither.
  Value attribute(const Value& owner, std::string_view name);
  /// owner[key]: items first, then methods. Undefined when there is neither.
  Value item(const Value& owner, const Value& key);
  Value slice(const Value& owner, const Value& start, const Value& stop, const Value& step);
  /// Follows a path such as "function.name" or 0 from `owner`, as map(attribute=…) does; undefined steps become
  /// `otherwise` when that is not null.
  Value follow(Value owner, const Value& path, const Value* otherwise);

  /// The start of an iteration. Fails when the value cannot be iterated.
  Cursor iterate(const Value& value);
  bool is_iterable(const Value& value) const;
  /// Moves on; false at the end.
  bool next(Cursor& cursor, Value& item);
  /// list(value).
  Vector<Value> collect(const Value& value);
  /// len(value), or -1 when the value has none.
  std::int64_t length(const Value& value);
  bool contains(const Value& container, const Value& item);

  Value call(const Value& callee, const CallArguments& arguments);
  bool is_callable(const Value& value) const;
  Value apply_filter(const String& name, const Value& input, const CallArguments& arguments);
  Value apply_test(const String& name, const Value& subject, const CallArguments& arguments);

  std::int64_t loop_length(Loop& loop);
  /// The item after the current one, or null.
  const Value* loop_peek(Loop& loop);

  /// Makes a namespace that is emptied when the rendering ends, so that one that holds itself is freed.
  std::shared_ptr<Namespace> make_namespace();
  long long now() const { return now_; }

  // ---- for the generator behind `for … if …`
  /// Whether `item` passes; a tuple of targets turns it into the tuple of what they were given.
  bool passes_filter(const Statement& loop, const std::shared_ptr<Scope>& scope, Value& item);

 private:
  enum class Flow { normal, break_loop, continue_loop };

  // statements.cpp
  Flow run_block(const Block& block, const std::shared_ptr<Scope>& scope);
  Flow run_statement(const Statement& statement, const std::shared_ptr<Scope>& scope);
  Flow run_if(const Statement& statement, const std::shared_ptr<Scope>& scope);
  Flow run_for(const Statement& statement, const Value& items, const std::shared_ptr<Scope>& scope,
               std::int64_t depth0);
  void assign(const Target& target, const Value& value, Scope& scope);
  Value captured(const Block& block, const std::shared_ptr<Scope>& scope, Flow& flow);
  void write(std::string_view text);

  // expressions.cpp
  Value evaluate(const Expression& node, Scope& scope);
  Value evaluate_kind(const Expression& node, Scope& scope);
  Value evaluate_collection(const Expression& node, Scope& scope);
  Value evaluate_name(const Expression& node, const Scope& scope);
  Value evaluate_compare(const Expression& node, Scope& scope);
  Value evaluate_filter(const Expression& node, Scope& scope, const Value* block_text);
  CallArguments evaluate_arguments(const Arguments& arguments, Scope& scope);

  // calls.cpp
  std::shared_ptr<Macro> make_macro(const Statement& definition, const std::shared_ptr<Scope>& scope);
  Value call_macro(const Macro& macro, const CallArguments& arguments);
  Value call_loop(Loop& loop, const CallArguments& arguments);

  // Both lists are swept of what is gone whenever they have doubled.
  template <class T>
  static void remember(Vector<std::weak_ptr<T>>& held, std::weak_ptr<T> one, std::size_t& next_sweep);
  void remember_scope(const std::shared_ptr<Scope>& scope);

  const Tree& tree_;
  long long now_;
  std::shared_ptr<Scope> globals_;  ///< the caller's variables
  std::shared_ptr<Scope> top_;      ///< what the template sets at top level
  String* output_ = nullptr;
  Vector<std::weak_ptr<Scope>> captured_scopes_;  ///< scopes that macros hold: emptied at the end
  Vector<std::weak_ptr<Namespace>> namespaces_;
  std::size_t next_scope_sweep_ = 1000;
  std::size_t next_namespace_sweep_ = 1000;
};

}  // namespace brim::templates::jinja

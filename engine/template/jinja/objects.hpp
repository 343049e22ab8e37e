// The values that are not plain data: functions and methods, macros, namespaces, loops, ranges, generators, dict views.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/template/jinja/ast.hpp"
#include "engine/template/jinja/value.hpp"

namespace brim::templates::jinja {

class Interpreter;
struct Scope;

/// The arguments of one call, evaluated.
struct CallArguments {
  Vector<Value> positional;
  Vector<std::pair<String, Value>> named;
};

/// Finds named arguments by name: sorted where there are many, since a mapping may be spread into thousands of them.
class NamedArguments {
 public:
  /// Borrows `arguments`.
  explicit NamedArguments(const CallArguments& arguments);
  /// The position of the first argument of that name, or their number.
  std::size_t find(std::string_view name) const;

 private:
  const Vector<std::pair<String, Value>>& named_;
  Vector<std::size_t> sorted_;
};

/// A filter (self: its input), a test, a method (self: its receiver) or a global function (self: None).
using Builtin = Value (*)(Interpreter&, const Value& self, const CallArguments&);

struct Function final : Object {
  Function(String function_name, Builtin function_body, Value receiver)
      : name(std::move(function_name)), body(function_body), self(std::move(receiver)) {}
  std::string_view type_name() const override { return "builtin_function_or_method"; }
  String name;
  Builtin body;
  Value self;
};

struct Range final : Object {
  std::string_view type_name() const override { return "range"; }
  Integer size() const;
  Integer start = 0, stop = 0, step = 1;
};

struct DictView final : Object {
  enum class Part { keys, values, items };
  DictView(Value source, Part which);
  std::string_view type_name() const override;
  /// The key, the value or the (key, value) at `index`.
  Value at(std::size_t index) const;
  Value owner;
  const Dict* dict;
  Part part;
};

/// A position in something that can be iterated; copies of the cursor advance independently, except over a generator.
struct Cursor {
  Value source;
  std::size_t index = 0;  ///< bytes in text, items elsewhere
};

/// Items one by one, each only once: what map, select, items, batch, … return.
struct Generator : Object {
  std::string_view type_name() const override { return "generator"; }
  /// False at the end.
  virtual bool next(Interpreter& interpreter, Value& item) = 0;
  Cursor input;
};

struct Namespace final : Object {
  std::string_view type_name() const override { return "Namespace"; }
  String qualified_name() const override { return "jinja2.utils.Namespace"; }
  std::shared_ptr<Dict> attributes = make_metered<Dict>();
};

/// {% macro %} and the body of {% call %}: code and the scope it was written in.
struct Macro final : Object {
  std::string_view type_name() const override { return "Macro"; }
  String qualified_name() const override { return "jinja2.runtime.Macro"; }
  const Statement* definition = nullptr;
  std::shared_ptr<Scope> scope;
};

/// The variable `loop`.
struct Loop final : Object {
  std::string_view type_name() const override { return "LoopContext"; }
  String qualified_name() const override { return "jinja2.runtime.LoopContext"; }

  Cursor cursor;
  std::int64_t index0 = -1;
  std::int64_t length = -1;  ///< not known yet while negative
  std::int64_t depth0 = 0;
  Value current, before, after;
  bool has_after = false;
  bool ended = false;
  Value last_changed;
  bool has_changed = false;
  const Statement* statement = nullptr;  ///< set when the loop is marked recursive
  std::shared_ptr<Scope> scope;          ///< where the loop stands, for recursion
};

struct Cycler final : Object {
  std::string_view type_name() const override { return "Cycler"; }
  String qualified_name() const override { return "jinja2.utils.Cycler"; }
  Vector<Value> items;
  std::size_t position = 0;
};

struct Joiner final : Object {
  std::string_view type_name() const override { return "Joiner"; }
  String qualified_name() const override { return "jinja2.utils.Joiner"; }
  Value separator;
  bool used = false;
};

/// Variables of one block of the template; lookups go outwards.
struct Scope {
  explicit Scope(std::shared_ptr<Scope> outer) : parent(std::move(outer)) {}
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  const Value* find(NameId name) const;
  void set(NameId name, Value value);
  /// Drops all variables, so that none of them holds this scope any longer. Allocates nothing.
  void clear() noexcept;

  std::shared_ptr<Scope> parent;

 private:
  /// The position of `name` in variables_, or their number.
  std::size_t position(NameId name) const;

  Vector<std::pair<NameId, Value>> variables_;
  /// Positions by name, once there are more than a few.
  std::unordered_map<NameId, std::size_t, std::hash<NameId>, std::equal_to<>,
                     MeteredAllocator<std::pair<const NameId, std::size_t>>>
      places_;
};

}  // namespace brim::templates::jinja

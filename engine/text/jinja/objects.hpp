// The values that are no plain data: functions and methods, macros, namespaces, loops, ranges, generators, dict views.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/text/jinja/ast.hpp"
#include "engine/text/jinja/value.hpp"

namespace brim::text::jinja {

class Interpreter;
struct Scope;

/// The arguments of one call, evaluated.
struct CallArguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

/// A filter (self: its input), a test, a method (self: its receiver) or a global function (self: None).
using Builtin = Value (*)(Interpreter&, const Value& self, const CallArguments&);

struct Function final : Object {
  Function(std::string function_name, Builtin function_body, Value receiver)
      : name(std::move(function_name)), body(function_body), self(std::move(receiver)) {}
  std::string_view type_name() const override { return "builtin_function_or_method"; }
  std::string name;
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

/// A position in something that can be iterated; copies of it advance on their own, except over a generator.
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
  std::string qualified_name() const override { return "jinja2.utils.Namespace"; }
  std::shared_ptr<Dict> attributes = std::make_shared<Dict>();
};

/// {% macro %} and the body of {% call %}: code and the scope it was written in.
struct Macro final : Object {
  std::string_view type_name() const override { return "Macro"; }
  std::string qualified_name() const override { return "jinja2.runtime.Macro"; }
  const Statement* definition = nullptr;
  std::shared_ptr<Scope> scope;
};

/// The variable `loop`.
struct Loop final : Object {
  std::string_view type_name() const override { return "LoopContext"; }
  std::string qualified_name() const override { return "jinja2.runtime.LoopContext"; }

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
  std::string qualified_name() const override { return "jinja2.utils.Cycler"; }
  std::vector<Value> items;
  std::size_t position = 0;
};

struct Joiner final : Object {
  std::string_view type_name() const override { return "Joiner"; }
  std::string qualified_name() const override { return "jinja2.utils.Joiner"; }
  Value separator;
  bool used = false;
};

/// Variables of one block of the template; lookups go outwards.
struct Scope {
  explicit Scope(std::shared_ptr<Scope> outer) : parent(std::move(outer)), charge(96) {}
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  const Value* find(NameId name) const;
  void set(NameId name, Value value);

  std::shared_ptr<Scope> parent;
  std::vector<std::pair<NameId, Value>> variables;
  Charge charge;
};

}  // namespace brim::text::jinja

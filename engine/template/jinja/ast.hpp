// The tree that the parser builds and the interpreter walks. Immutable once parsed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/template/jinja/value.hpp"

namespace brim::templates::jinja {

/// Variable names are numbered once at parsing; scopes compare numbers.
using NameId = std::int32_t;

struct BuiltinEntry;  // builtins.hpp
struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

enum class ExpressionKind : std::uint8_t {
  literal,      ///< value
  name,         ///< name_id, name
  list,         ///< operands
  tuple,        ///< operands
  dict,         ///< operands: key, value, key, value, …
  attribute,    ///< operands[0] . name
  item,         ///< operands[0] [ operands[1] ]
  slice,        ///< operands[0] [ operands[1] : operands[2] : operands[3] ], absent ones null
  call,         ///< operands[0] ( arguments )
  filter,       ///< operands[0] | name ( arguments ); operands[0] null inside filter blocks: the block's text
  test,         ///< operands[0] is name ( arguments )
  negate,       ///< - operands[0]
  plus,         ///< + operands[0]
  logical_not,  ///< not operands[0]
  logical_and,
  logical_or,
  conditional,  ///< operands[1] if operands[0] else operands[2] (null: undefined)
  concatenate,  ///< operands joined by ~
  arithmetic,   ///< operands[0] operation operands[1]
  compare,      ///< operands[0] comparisons[0] operands[1] comparisons[1] operands[2] …
};

enum class Arithmetic : std::uint8_t { add, subtract, multiply, divide, floor_divide, modulo, power };
enum class Comparison : std::uint8_t { equal, not_equal, less, less_or_equal, greater, greater_or_equal, in, not_in };

struct Arguments {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
  ExpressionPtr spread;        ///< *sequence
  ExpressionPtr spread_named;  ///< **mapping
};

struct Expression {
  ExpressionKind kind = ExpressionKind::literal;
  Arithmetic operation = Arithmetic::add;
  int line = 0;
  NameId name_id = -1;
  int depth = 1;  ///< levels below and including this one; bounded by the parser
  std::string name;
  Value value;
  std::vector<ExpressionPtr> operands;
  std::vector<Comparison> comparisons;
  Arguments arguments;
  const BuiltinEntry* builtin = nullptr;  ///< filter, test: found at parsing; null when unknown
};

/// Where an assignment goes: a variable, an attribute of a namespace, or a tuple of targets.
struct Target {
  enum class Kind : std::uint8_t { name, attribute, tuple } kind = Kind::name;
  NameId name_id = -1;
  std::string name;
  std::string attribute;
  std::vector<Target> items;
};

struct Statement;
using Block = std::vector<std::unique_ptr<Statement>>;

enum class StatementKind : std::uint8_t {
  text,          ///< text
  output,        ///< expressions, printed one after the other
  if_,           ///< expressions[i] guards branches[i]; one branch more is the else
  for_,          ///< target in expressions[0], filtered by expressions[1] (may be null); branches: body, else
  set,           ///< target = expressions[0]
  set_block,     ///< target = text of branches[0], through expressions[0] (a filter chain) when not null
  macro,         ///< name_id, name, parameters, branches[0]
  call,          ///< expressions[0] (a call) with branches[0] as caller
  filter_block,  ///< branches[0] through expressions[0]
  with,          ///< parameters (name = default) around branches[0]
  scope,         ///< branches[0] in a scope of its own: generation, autoescape false
  block,         ///< branches[0] in a scope that sees only top-level variables, unless `scoped`
  break_,
  continue_,
};

struct Parameter {
  NameId name_id = -1;
  std::string name;
  ExpressionPtr default_value;  ///< null: none
};

struct Statement {
  StatementKind kind = StatementKind::text;
  int line = 0;
  NameId name_id = -1;
  bool recursive = false;     ///< for
  bool scoped = false;        ///< block
  bool takes_caller = false;  ///< macro, call: its body reads `caller`, `varargs`, `kwargs`
  bool takes_varargs = false;
  bool takes_kwargs = false;
  std::string name;
  std::string text;
  Target target;
  std::vector<ExpressionPtr> expressions;
  std::vector<Parameter> parameters;
  std::vector<Block> branches;
};

/// A parsed template.
struct Tree {
  Block body;
  std::vector<std::string> names;  ///< by NameId
};

/// Names with a meaning of their own, numbered alike in every tree.
inline constexpr NameId kLoopName = 0;
inline constexpr NameId kCallerName = 1;
inline constexpr NameId kVarargsName = 2;
inline constexpr NameId kKwargsName = 3;

}  // namespace brim::templates::jinja

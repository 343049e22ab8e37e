// The functions a template can call, in tables of name and function: filters, tests, globals, and methods by type.
#pragma once

#include <array>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "engine/template/jinja/objects.hpp"
#include "engine/template/jinja/value.hpp"

namespace brim::templates::jinja {

struct BuiltinEntry {
  std::string_view name;
  Builtin body;
};
using BuiltinTable = std::span<const BuiltinEntry>;

// Null when there is none of that name.
const BuiltinEntry* find_filter(std::string_view name);
const BuiltinEntry* find_test(std::string_view name);
const BuiltinEntry* find_global(std::string_view name);
/// A method that Python's type of `receiver` has and the immutable sandbox allows.
const BuiltinEntry* find_method(const Value& receiver, std::string_view name);
/// A method Python has but the sandbox refuses, because it changes the receiver.
bool is_refused_method(const Value& receiver, std::string_view name);

// One table per file of builtins; builtins.cpp joins them.
BuiltinTable text_filters();
BuiltinTable layout_filters();
BuiltinTable markup_filters();
BuiltinTable number_filters();
BuiltinTable sequence_filters();
BuiltinTable order_filters();
BuiltinTable selection_filters();
BuiltinTable test_table();
BuiltinTable global_table();
BuiltinTable text_methods();
BuiltinTable text_search_methods();
BuiltinTable text_kind_methods();
BuiltinTable list_methods();
BuiltinTable tuple_methods();
BuiltinTable dict_methods();
BuiltinTable number_methods();
BuiltinTable loop_methods();
BuiltinTable cycler_methods();

/// Binds the arguments of a call to parameter names, as Python does. Fails with a TypeError's sentence naming
/// `function`.
class Parameters {
 public:
  enum class Names { allowed, positional_only };
  Parameters(std::string_view function, const CallArguments& arguments, std::initializer_list<std::string_view> names,
             std::size_t required = 0, Names by_name = Names::allowed);

  /// Null when the argument was not given.
  const Value* get(std::size_t index) const { return values_[index]; }
  /// As get, but also null for None.
  const Value* given(std::size_t index) const;
  /// An int; `otherwise` when not given. Fails for other kinds.
  Integer integer(std::size_t index, Integer otherwise) const;
  /// Truth of the argument; `otherwise` when not given.
  bool boolean(std::size_t index, bool otherwise) const;
  /// A string. Fails for other kinds, naming the parameter.
  const String& text(std::size_t index) const;
  Value value(std::size_t index, Value otherwise = {}) const;

 private:
  String function_;
  std::array<std::string_view, 6> names_{};
  std::array<const Value*, 6> values_{};
};

/// An int within [low, high], clamped; for indices and counts that Python clamps too.
std::int64_t clamped(Integer value, std::int64_t low, std::int64_t high);

}  // namespace brim::templates::jinja

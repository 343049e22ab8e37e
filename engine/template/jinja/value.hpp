// What a template computes with: Python's values, as far as a chat template can meet them. Strings, tuples and ranges
// are immutable; lists change only through list.pop and list.clear (all that jinja2's immutable sandbox leaves open).
// Values share what they hold; copying one is cheap. A value belongs to one rendering and one thread, except literals
// of the parsed tree, which are never changed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "engine/template/jinja/meter.hpp"

namespace brim::templates::jinja {

/// Python integers have no bounds; 128 bits hold every number that JSON can carry and products of these. Larger values
/// are an error.
__extension__ typedef __int128 Integer;

class Value;
struct List;
struct Tuple;
struct Dict;
struct Object;

/// Always valid UTF-8: text is cleaned where it enters (source and variables).
struct TextBody {
  explicit TextBody(String text) : bytes(std::move(text)) {}
  const String bytes;
};

struct Text {
  std::shared_ptr<const TextBody> body;
  bool markup = false;  ///< markupsafe.Markup: made by `safe` and `escape`; escapes what is added to it
};

struct Undefined {
  std::shared_ptr<const TextBody> message;  ///< what an operation on it fails with
};

/// A body that holds other values. Where the last value that holds a body is destroyed, the body may have to wait for
/// its turn (Value::~Value): the link for waiting is in the body, so that destruction needs no memory.
struct Container {
  std::shared_ptr<Container> next_to_go;
};

enum class Kind : std::uint8_t { undefined, none, boolean, integer, real, text, list, tuple, dict, object };

class Value {
 public:
  /// None.
  Value() = default;
  Value(const Value&) = default;
  Value(Value&&) = default;
  Value& operator=(const Value&) = default;
  Value& operator=(Value&&) = default;
  /// Releases what it holds without recursion, however deeply that nests, and without allocating.
  ~Value() {
    if (data_.index() >= kFirstShared) bury(std::move(data_));
  }

  static Value undefined(std::string_view message);
  static Value boolean(bool value) { return Value(Data(std::in_place_type<bool>, value)); }
  static Value integer(Integer value) { return Value(Data(std::in_place_type<Integer>, value)); }
  static Value real(double value) { return Value(Data(std::in_place_type<double>, value)); }
  static Value text(String bytes);
  static Value markup(String bytes);
  /// Text of the same kind (plain or markup) as `like`.
  static Value text_like(const Value& like, String bytes);
  static Value list(Vector<Value> items);
  static Value tuple(Vector<Value> items);
  /// The (key, members) pair of `groupby`.
  static Value group(Vector<Value> items);
  static Value dict(std::shared_ptr<Dict> dict) { return Value(Data(std::move(dict))); }
  static Value object(std::shared_ptr<Object> object) { return Value(Data(std::move(object))); }

  Kind kind() const;
  bool is_undefined() const { return std::holds_alternative<Undefined>(data_); }
  bool is_none() const { return std::holds_alternative<std::monostate>(data_); }
  bool is_boolean() const { return std::holds_alternative<bool>(data_); }
  bool is_integer() const { return std::holds_alternative<Integer>(data_); }
  bool is_real() const { return std::holds_alternative<double>(data_); }
  bool is_text() const { return std::holds_alternative<Text>(data_); }
  bool is_markup() const { return is_text() && std::get<Text>(data_).markup; }
  bool is_list() const { return std::holds_alternative<std::shared_ptr<List>>(data_); }
  bool is_tuple() const { return std::holds_alternative<std::shared_ptr<Tuple>>(data_); }
  bool is_dict() const { return std::holds_alternative<std::shared_ptr<Dict>>(data_); }
  bool is_object() const { return std::holds_alternative<std::shared_ptr<Object>>(data_); }
  /// int or bool: what Python accepts as an index.
  bool is_index() const { return is_integer() || is_boolean(); }
  /// int, bool or float.
  bool is_number() const { return is_index() || is_real(); }

  // Each requires the kind it names.
  bool as_boolean() const { return std::get<bool>(data_); }
  const String& as_text() const { return std::get<Text>(data_).body->bytes; }
  const String& undefined_message() const { return std::get<Undefined>(data_).message->bytes; }
  List& as_list() const { return *std::get<std::shared_ptr<List>>(data_); }
  const Tuple& as_tuple() const { return *std::get<std::shared_ptr<Tuple>>(data_); }
  const Dict& as_dict() const { return *std::get<std::shared_ptr<Dict>>(data_); }
  const std::shared_ptr<Object>& as_object() const { return std::get<std::shared_ptr<Object>>(data_); }
  /// The number of an int or bool.
  Integer as_index() const { return is_boolean() ? Integer{as_boolean()} : std::get<Integer>(data_); }
  /// The number of an int, bool or float.
  double as_real() const { return is_real() ? std::get<double>(data_) : static_cast<double>(as_index()); }

  /// The object of type T, or null when this is something else.
  template <class T>
  T* object_as() const {
    return is_object() ? dynamic_cast<T*>(as_object().get()) : nullptr;
  }
  /// Items of a list or tuple, null otherwise.
  const Vector<Value>* sequence() const;
  /// Python's `is`: the same object (small values: the same kind and value).
  bool same_as(const Value& other) const;

 private:
  using Data = std::variant<std::monostate, Undefined, bool, Integer, double, Text, std::shared_ptr<List>,
                            std::shared_ptr<Tuple>, std::shared_ptr<Dict>, std::shared_ptr<Object>>;
  static constexpr std::size_t kFirstShared = 6;  ///< List and what follows: the kinds that hold other values
  explicit Value(Data data) : data_(std::move(data)) {}
  static void bury(Data&& data) noexcept;
  Data data_;
};

struct List : Container {
  explicit List(Vector<Value> values);
  List(const List&) = delete;
  List& operator=(const List&) = delete;
  Vector<Value> items;
};

struct Tuple : Container {
  explicit Tuple(Vector<Value> values, bool is_group = false);
  Tuple(const Tuple&) = delete;
  Tuple& operator=(const Tuple&) = delete;
  Vector<Value> items;
  bool group;  ///< a pair made by `groupby`, which also answers to .grouper and .list
};

/// Insertion-ordered; keys are any hashable value, and 1, 1.0 and True are one key, as in Python.
struct Dict : Container {
  Dict() = default;
  Dict(const Dict&) = delete;
  Dict& operator=(const Dict&) = delete;

  /// Adds or replaces. Fails when the key cannot be hashed.
  void set(Value key, Value value);
  /// Null when absent. Fails when the key cannot be hashed.
  const Value* find(const Value& key) const;
  const Value* find(std::string_view key) const;
  std::size_t size() const { return keys.size(); }
  /// Drops all entries. Allocates nothing.
  void clear() noexcept;

  Vector<Value> keys;
  Vector<Value> values;

 private:
  std::ptrdiff_t position(const Value& key) const;
  using Entry = std::pair<const std::size_t, std::size_t>;
  /// Hash to position, once there are more than a few keys. The hash is keyed: no file can choose keys that collide.
  std::unordered_multimap<std::size_t, std::size_t, std::hash<std::size_t>, std::equal_to<>, MeteredAllocator<Entry>>
      index_;
};

/// Everything else: functions, macros, namespaces, loops, ranges, generators, dict views (objects.hpp).
struct Object : Container {
  virtual ~Object() = default;
  /// Python's type(x).__name__.
  virtual std::string_view type_name() const = 0;
  /// How jinja2 names the type in "… has no attribute": with its module unless it is a builtin.
  virtual String qualified_name() const { return String(type_name()); }
};

/// Python's type(x).__name__ of any value.
std::string_view type_name(const Value& value);

}  // namespace brim::templates::jinja

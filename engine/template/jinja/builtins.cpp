// See builtins.hpp.
#include "engine/template/jinja/builtins.hpp"

#include <algorithm>
#include <unordered_map>

#include "engine/template/jinja/compare.hpp"
#include "engine/template/jinja/failure.hpp"

namespace brim::templates::jinja {
namespace {

using Directory = std::unordered_map<std::string_view, const BuiltinEntry*>;

Directory join(std::initializer_list<BuiltinTable> tables) {
  Directory directory;
  for (const BuiltinTable table : tables) {
    for (const BuiltinEntry& entry : table) directory.emplace(entry.name, &entry);
  }
  return directory;
}

const BuiltinEntry* find(const Directory& directory, std::string_view name) {
  const auto entry = directory.find(name);
  return entry == directory.end() ? nullptr : entry->second;
}

const BuiltinEntry* find(BuiltinTable table, std::string_view name) {
  for (const BuiltinEntry& entry : table) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

}  // namespace

const BuiltinEntry* find_filter(std::string_view name) {
  static const Directory directory = join({text_filters(), layout_filters(), markup_filters(), number_filters(),
                                           sequence_filters(), order_filters(), selection_filters()});
  return find(directory, name);
}

const BuiltinEntry* find_test(std::string_view name) {
  static const Directory directory = join({test_table()});
  return find(directory, name);
}

const BuiltinEntry* find_global(std::string_view name) { return find(global_table(), name); }

const BuiltinEntry* find_method(const Value& receiver, std::string_view name) {
  static const Directory text = join({text_methods(), text_search_methods(), text_kind_methods()});
  switch (receiver.kind()) {
    case Kind::text:
      return find(text, name);
    case Kind::list:
      return find(list_methods(), name);
    case Kind::tuple:
      return find(tuple_methods(), name);
    case Kind::dict:
      return find(dict_methods(), name);
    case Kind::boolean:
    case Kind::integer:
    case Kind::real:
      return find(number_methods(), name);
    case Kind::object:
      if (receiver.object_as<Loop>() != nullptr) return find(loop_methods(), name);
      if (receiver.object_as<Cycler>() != nullptr) return find(cycler_methods(), name);
      return nullptr;
    default:
      return nullptr;
  }
}

bool is_refused_method(const Value& receiver, std::string_view name) {
  static constexpr std::string_view of_lists[] = {"append", "reverse", "insert", "sort", "extend", "remove"};
  static constexpr std::string_view of_dicts[] = {"clear", "pop", "popitem", "setdefault", "update"};
  if (receiver.is_list()) return std::find(std::begin(of_lists), std::end(of_lists), name) != std::end(of_lists);
  if (receiver.is_dict()) return std::find(std::begin(of_dicts), std::end(of_dicts), name) != std::end(of_dicts);
  return false;
}

Parameters::Parameters(std::string_view function, const CallArguments& arguments,
                       std::initializer_list<std::string_view> names, std::size_t required, Names by_name)
    : function_(function) {
  std::copy(names.begin(), names.end(), names_.begin());
  if (arguments.positional.size() > names.size()) {
    fail(function, "() takes at most ", names.size(), " argument", names.size() == 1 ? "" : "s", " (",
         arguments.positional.size(), " given)");
  }
  for (std::size_t i = 0; i < arguments.positional.size(); ++i) values_[i] = &arguments.positional[i];
  for (const auto& [name, value] : arguments.named) {
    const auto* place = std::find(names.begin(), names.end(), name);
    if (by_name == Names::positional_only) fail(function, "() takes no keyword arguments");
    if (place == names.end()) fail(function, "() got an unexpected keyword argument '", name, "'");
    const Value*& slot = values_[static_cast<std::size_t>(place - names.begin())];
    if (slot != nullptr) fail(function, "() got multiple values for argument '", name, "'");
    slot = &value;
  }
  for (std::size_t i = 0; i < required; ++i) {
    if (values_[i] == nullptr) fail(function, "() misses the argument '", names_[i], "'");
  }
}

const Value* Parameters::given(std::size_t index) const {
  return values_[index] == nullptr || values_[index]->is_none() ? nullptr : values_[index];
}

Integer Parameters::integer(std::size_t index, Integer otherwise) const {
  const Value* value = values_[index];
  if (value == nullptr) return otherwise;
  if (value->is_undefined()) fail(value->undefined_message());
  if (!value->is_index()) {
    fail(function_, "() argument '", names_[index], "' must be an integer, not ", type_name(*value));
  }
  return value->as_index();
}

bool Parameters::boolean(std::size_t index, bool otherwise) const {
  return values_[index] == nullptr ? otherwise : truth(*values_[index]);
}

const String& Parameters::text(std::size_t index) const {
  const Value* value = values_[index];
  if (value == nullptr || !value->is_text()) {
    fail(function_, "() argument '", names_[index], "' must be str, not ",
         value == nullptr ? "missing" : type_name(*value));
  }
  return value->as_text();
}

Value Parameters::value(std::size_t index, Value otherwise) const {
  return values_[index] == nullptr ? std::move(otherwise) : *values_[index];
}

std::int64_t clamped(Integer value, std::int64_t low, std::int64_t high) {
  return value < low ? low : value > high ? high : static_cast<std::int64_t>(value);
}

}  // namespace brim::templates::jinja

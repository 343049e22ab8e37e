// Filters that compare items: sort, dictsort, unique, groupby, min, max.
#include <algorithm>
#include <numeric>

#include "engine/template/jinja/builtins.hpp"
#include "engine/template/jinja/compare.hpp"
#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/interpreter.hpp"
#include "engine/template/jinja/letter_case.hpp"
#include "engine/template/jinja/text_operations.hpp"

namespace brim::templates::jinja {
namespace {

Value without_case(Value value, bool case_sensitive) {
  return case_sensitive || !value.is_text() ? value : Value::text(lower_case(value.as_text()));
}

// The order in which items with these keys come; equal keys keep their order, also in reverse.
Vector<std::size_t> sorted_order(const Vector<Value>& keys, bool reverse) {
  Vector<std::size_t> order(keys.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return reverse ? less(keys[b], keys[a]) : less(keys[a], keys[b]);
  });
  return order;
}

Vector<Value> picked(const Vector<Value>& items, const Vector<std::size_t>& order) {
  Vector<Value> out;
  out.reserve(items.size());
  for (const std::size_t place : order) out.push_back(items[place]);
  return out;
}

Value sort(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("sort", arguments, {"reverse", "case_sensitive", "attribute"});
  const Vector<Value> items = interpreter.collect(self);
  const bool case_sensitive = parameters.boolean(1, false);
  const Value attribute = parameters.value(2);
  // "a,b" sorts by several attributes: the key is the list of them.
  Vector<Value> paths;
  if (attribute.is_text()) {
    for (const std::string_view path : split_text(attribute.as_text(), ",", -1))
      paths.push_back(Value::text(String(path)));
  } else {
    paths.push_back(attribute);
  }
  Vector<Value> keys;
  keys.reserve(items.size());
  for (const Value& item : items) {
    Vector<Value> parts;
    for (const Value& path : paths)
      parts.push_back(without_case(interpreter.follow(item, path, nullptr), case_sensitive));
    keys.push_back(Value::list(std::move(parts)));
  }
  return Value::list(picked(items, sorted_order(keys, parameters.boolean(0, false))));
}

Value sort_dict(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("dictsort", arguments, {"case_sensitive", "by", "reverse"});
  if (self.is_undefined()) fail(self.undefined_message());
  if (!self.is_dict()) fail("dictsort() needs a mapping, not ", type_name(self));
  const String by = parameters.get(1) == nullptr ? "key" : parameters.text(1);
  if (by != "key" && by != "value") fail("You can only sort by either \"key\" or \"value\"");
  const Dict& dict = self.as_dict();
  Vector<Value> keys, items;
  for (std::size_t i = 0; i < dict.size(); ++i) {
    keys.push_back(without_case(by == "key" ? dict.keys[i] : dict.values[i], parameters.boolean(0, false)));
    items.push_back(Value::tuple({dict.keys[i], dict.values[i]}));
  }
  return Value::list(picked(items, sorted_order(keys, parameters.boolean(2, false))));
}

struct Unique final : Generator {
  bool next(Interpreter& interpreter, Value& item) override {
    while (interpreter.next(input, item)) {
      const Value key = without_case(interpreter.follow(item, attribute, nullptr), case_sensitive);
      if (seen->find(key) != nullptr) continue;
      seen->set(key, Value());
      return true;
    }
    return false;
  }
  Value attribute;
  bool case_sensitive = false;
  std::shared_ptr<Dict> seen = make_metered<Dict>();
};

Value unique(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("unique", arguments, {"case_sensitive", "attribute"});
  auto generator = make_metered<Unique>();
  generator->input = interpreter.iterate(self);
  generator->case_sensitive = parameters.boolean(0, false);
  generator->attribute = parameters.value(1);
  return Value::object(std::move(generator));
}

Value group_by(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("groupby", arguments, {"attribute", "default", "case_sensitive"}, 1);
  const bool case_sensitive = parameters.boolean(2, false);
  const Vector<Value> items = interpreter.collect(self);
  const auto key_of = [&](const Value& item) {
    return interpreter.follow(item, *parameters.get(0), parameters.given(1));
  };
  Vector<Value> keys;
  for (const Value& item : items) keys.push_back(without_case(key_of(item), case_sensitive));
  Vector<Value> groups;
  const Vector<std::size_t> order = sorted_order(keys, false);
  for (std::size_t i = 0; i < order.size();) {
    Vector<Value> members;
    const std::size_t start = i;
    for (; i < order.size() && equal(keys[order[i]], keys[order[start]]); ++i) members.push_back(items[order[i]]);
    // The key shown is the first member's own, not its lower-case form.
    auto group = Vector<Value>{key_of(members.front()), Value::list(members)};
    groups.push_back(Value::group(std::move(group)));
  }
  return Value::list(std::move(groups));
}

Value extreme(Interpreter& interpreter, const Value& self, const CallArguments& arguments, bool largest) {
  const Parameters parameters(largest ? "max" : "min", arguments, {"case_sensitive", "attribute"});
  Cursor cursor = interpreter.iterate(self);
  Value item, best, best_key;
  bool any = false;
  while (interpreter.next(cursor, item)) {
    Value key = without_case(interpreter.follow(item, parameters.value(1), nullptr), parameters.boolean(0, false));
    if (!any || (largest ? less(best_key, key, ">") : less(key, best_key))) {
      best = item;
      best_key = std::move(key);
    }
    any = true;
  }
  return any ? best : Value::undefined("No aggregated item, sequence was empty.");
}

Value minimum(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  return extreme(interpreter, self, arguments, false);
}
Value maximum(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  return extreme(interpreter, self, arguments, true);
}

constexpr BuiltinEntry kOrderFilters[] = {
    {"sort", sort},        {"dictsort", sort_dict}, {"unique", unique},
    {"groupby", group_by}, {"min", minimum},        {"max", maximum},
};

}  // namespace

BuiltinTable order_filters() { return kOrderFilters; }

}  // namespace brim::templates::jinja

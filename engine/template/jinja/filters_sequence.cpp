// Filters on sequences and mappings: length, first, last, list, reverse, batch, slice, items, default, attr.
#include "engine/template/jinja/builtins.hpp"
#include "engine/template/jinja/code_points.hpp"
#include "engine/template/jinja/compare.hpp"
#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/interpreter.hpp"

namespace brim::templates::jinja {
namespace {

Value length(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  Parameters("length", arguments, {});
  const std::int64_t count = interpreter.length(self);
  if (count < 0) fail("object of type '", type_name(self), "' has no len()");
  return Value::integer(count);
}

Value first(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  Parameters("first", arguments, {});
  Cursor cursor = interpreter.iterate(self);
  Value item;
  if (interpreter.next(cursor, item)) return item;
  return Value::undefined("No first item, sequence was empty.");
}

// Items from the last to the first; a generator, as Python's reversed().
struct Reversed final : Generator {
  bool next(Interpreter& interpreter, Value& item) override {
    if (left <= 0) return false;
    --left;
    if (source.is_dict()) {
      item = source.as_dict().keys[static_cast<std::size_t>(left)];
    } else if (const auto* view = source.object_as<DictView>()) {
      item = view->at(static_cast<std::size_t>(left));
    } else {
      item = interpreter.item(source, Value::integer(left));
    }
    return true;
  }
  std::string_view type_name() const override { return "list_reverseiterator"; }
  Value source;
  std::int64_t left = 0;
};

bool is_reversible(const Value& value) {
  return value.is_undefined() || value.sequence() != nullptr || value.is_dict() || value.is_text() ||
         value.object_as<Range>() != nullptr || value.object_as<DictView>() != nullptr;
}

Value reversed(Interpreter& interpreter, const Value& source) {
  auto generator = make_metered<Reversed>();
  generator->source = source;
  generator->left = interpreter.length(source);
  return Value::object(std::move(generator));
}

Value last(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  Parameters("last", arguments, {});
  if (self.is_undefined()) return Value::undefined("No last item, sequence was empty.");
  if (!is_reversible(self)) fail("'", type_name(self), "' object is not reversible");
  if (self.is_text()) {
    const String& text = self.as_text();
    std::size_t start = 0;
    if (text.empty()) return Value::undefined("No last item, sequence was empty.");
    code_point_before(text, text.size(), start);
    return Value::text(text.substr(start));
  }
  Cursor cursor = interpreter.iterate(reversed(interpreter, self));
  Value item;
  if (interpreter.next(cursor, item)) return item;
  return Value::undefined("No last item, sequence was empty.");
}

Value reverse(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  Parameters("reverse", arguments, {});
  if (self.is_text()) return interpreter.slice(self, {}, {}, Value::integer(-1));
  if (is_reversible(self)) return reversed(interpreter, self);
  if (!interpreter.is_iterable(self)) fail("argument must be iterable");
  Vector<Value> items = interpreter.collect(self);
  return Value::list({items.rbegin(), items.rend()});
}

Value list(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  Parameters("list", arguments, {});
  return Value::list(interpreter.collect(self));
}

struct Items final : Generator {
  bool next(Interpreter& interpreter, Value& item) override { return interpreter.next(input, item); }
};

Value items(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  Parameters("items", arguments, {});
  auto generator = make_metered<Items>();
  if (self.is_dict()) {
    generator->input = interpreter.iterate(Value::object(make_metered<DictView>(self, DictView::Part::items)));
  } else if (self.is_undefined()) {
    generator->input = Cursor{self, 0};
  } else {
    fail("Can only get item pairs from a mapping.");
  }
  return Value::object(std::move(generator));
}

struct Batches final : Generator {
  bool next(Interpreter& interpreter, Value& item) override {
    Value one;
    while (interpreter.next(input, one)) {
      const bool full = static_cast<std::int64_t>(pending.size()) == size;
      if (full) item = Value::list(std::move(pending));
      if (full) pending.clear();
      pending.push_back(std::move(one));
      if (full) return true;
    }
    if (pending.empty()) return false;
    if (!fill.is_none() && static_cast<std::int64_t>(pending.size()) < size) {
      charge_steps(size);
      pending.resize(static_cast<std::size_t>(size), fill);
    }
    item = Value::list(std::move(pending));
    pending.clear();
    return true;
  }
  std::int64_t size = 1;
  Value fill;
  Vector<Value> pending;
};

Value batch(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("batch", arguments, {"linecount", "fill_with"}, 1);
  auto generator = make_metered<Batches>();
  generator->input = interpreter.iterate(self);
  generator->size = clamped(parameters.integer(0, 1), -1, 1 << 24);
  generator->fill = parameters.value(1);
  return Value::object(std::move(generator));
}

Value slice(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("slice", arguments, {"slices", "fill_with"}, 1);
  const Vector<Value> all = interpreter.collect(self);
  const std::int64_t count = clamped(parameters.integer(0, 1), -1, 1 << 24);
  if (count == 0) fail("integer division or modulo by zero");
  Vector<Value> slices;
  const auto size = static_cast<std::int64_t>(all.size());
  std::int64_t start = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    charge_steps(1);
    const bool longer = i < size % count;
    const std::int64_t end = start + size / count + longer;
    Vector<Value> part(all.begin() + start, all.begin() + end);
    if (parameters.given(1) != nullptr && !longer) part.push_back(*parameters.get(1));
    slices.push_back(Value::list(std::move(part)));
    start = end;
  }
  auto generator = make_metered<Items>();
  generator->input = Cursor{Value::list(std::move(slices)), 0};
  return Value::object(std::move(generator));
}

Value otherwise(Interpreter&, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("default", arguments, {"default_value", "boolean"});
  const bool missing = self.is_undefined() || (parameters.boolean(1, false) && !truth(self));
  return missing ? parameters.value(0, Value::text({})) : self;
}

// Only attributes, never items: {"a": 1}|attr("a") is undefined.
Value attribute(Interpreter& interpreter, const Value& self, const CallArguments& arguments) {
  const Parameters parameters("attr", arguments, {"name"}, 1);
  const String& name = parameters.text(0);
  if (self.is_dict() && find_method(self, name) == nullptr && !is_refused_method(self, name)) {
    auto nothing = make_metered<Dict>();
    return interpreter.attribute(Value::dict(std::move(nothing)), name);
  }
  return interpreter.attribute(self, name);
}

constexpr BuiltinEntry kSequenceFilters[] = {
    {"length", length},   {"count", length},      {"first", first}, {"last", last},
    {"reverse", reverse}, {"list", list},         {"items", items}, {"batch", batch},
    {"slice", slice},     {"default", otherwise}, {"d", otherwise}, {"attr", attribute},
};

}  // namespace

BuiltinTable sequence_filters() { return kSequenceFilters; }

}  // namespace brim::templates::jinja

// Iteration, length and membership (Interpreter).
#include "engine/template/jinja/code_points.hpp"
#include "engine/template/jinja/compare.hpp"
#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/interpreter.hpp"
#include "engine/template/jinja/text_operations.hpp"

namespace brim::templates::jinja {

bool Interpreter::is_iterable(const Value& value) const {
  switch (value.kind()) {
    case Kind::undefined:
    case Kind::text:
    case Kind::list:
    case Kind::tuple:
    case Kind::dict:
      return true;
    case Kind::object:
      return value.object_as<Range>() != nullptr || value.object_as<DictView>() != nullptr ||
             value.object_as<Generator>() != nullptr;
    default:
      return false;
  }
}

Cursor Interpreter::iterate(const Value& value) {
  if (!is_iterable(value)) fail("'", type_name(value), "' object is not iterable");
  return Cursor{value, 0};
}

bool Interpreter::next(Cursor& cursor, Value& item) {
  charge_steps(1);
  const Value& source = cursor.source;
  switch (source.kind()) {
    case Kind::text: {
      const String& text = source.as_text();
      if (cursor.index >= text.size()) return false;
      const std::size_t start = cursor.index;
      code_point_at(text, start, cursor.index);
      item = Value::text(text.substr(start, cursor.index - start));
      return true;
    }
    case Kind::list:
    case Kind::tuple: {
      const auto& items = *source.sequence();
      if (cursor.index >= items.size()) return false;
      item = items[cursor.index++];
      return true;
    }
    case Kind::dict:
      if (cursor.index >= source.as_dict().size()) return false;
      item = source.as_dict().keys[cursor.index++];
      return true;
    case Kind::object:
      if (auto* generator = source.object_as<Generator>()) {
        const Depth depth;
        return generator->next(*this, item);
      }
      if (const auto* range = source.object_as<Range>()) {
        if (static_cast<Integer>(cursor.index) >= range->size()) return false;
        item = Value::integer(range->start + range->step * static_cast<Integer>(cursor.index++));
        return true;
      }
      if (const auto* view = source.object_as<DictView>()) {
        if (cursor.index >= view->dict->size()) return false;
        item = view->at(cursor.index++);
        return true;
      }
      return false;
    default:
      return false;
  }
}

Vector<Value> Interpreter::collect(const Value& value) {
  if (const auto* items = value.sequence()) {
    charge_steps(static_cast<std::int64_t>(items->size()));
    return *items;
  }
  Cursor cursor = iterate(value);
  Vector<Value> items;
  Value item;
  while (next(cursor, item)) {
    items.push_back(std::move(item));
  }
  return items;
}

std::int64_t Interpreter::length(const Value& value) {
  switch (value.kind()) {
    case Kind::undefined:
      return 0;
    case Kind::text:
      charge_text(value.as_text().size());
      return static_cast<std::int64_t>(count_code_points(value.as_text()));
    case Kind::list:
    case Kind::tuple:
      return static_cast<std::int64_t>(value.sequence()->size());
    case Kind::dict:
      return static_cast<std::int64_t>(value.as_dict().size());
    case Kind::object:
      if (const auto* range = value.object_as<Range>()) return static_cast<std::int64_t>(range->size());
      if (const auto* view = value.object_as<DictView>()) return static_cast<std::int64_t>(view->dict->size());
      if (auto* loop = value.object_as<Loop>()) return loop_length(*loop);
      return -1;
    default:
      return -1;
  }
}

bool Interpreter::contains(const Value& container, const Value& wanted) {
  if (container.is_text()) {
    if (!wanted.is_text()) fail("'in <string>' requires string as left operand, not ", type_name(wanted));
    return find_text(container.as_text(), wanted.as_text()) != std::string_view::npos;
  }
  if (container.is_dict()) return container.as_dict().find(wanted) != nullptr;
  if (const auto* view = container.object_as<DictView>(); view != nullptr && view->part == DictView::Part::keys) {
    return view->dict->find(wanted) != nullptr;
  }
  if (!is_iterable(container)) fail("argument of type '", type_name(container), "' is not iterable");
  Cursor cursor = iterate(container);
  Value item;
  while (next(cursor, item)) {
    if (equal(item, wanted)) return true;
  }
  return false;
}

std::int64_t Interpreter::loop_length(Loop& loop) {
  if (loop.length >= 0) return loop.length;
  loop.length = length(loop.cursor.source);
  if (loop.length >= 0) return loop.length;
  // A generator has no length: read the rest and iterate over that.
  Vector<Value> rest;
  Value item;
  while (next(loop.cursor, item)) {
    rest.push_back(std::move(item));
  }
  loop.length = static_cast<std::int64_t>(rest.size()) + loop.index0 + 1 + loop.has_after;
  loop.cursor = Cursor{Value::list(std::move(rest)), 0};
  return loop.length;
}

const Value* Interpreter::loop_peek(Loop& loop) {
  if (!loop.has_after && !loop.ended) {
    loop.has_after = next(loop.cursor, loop.after);
    loop.ended = !loop.has_after;
  }
  return loop.has_after ? &loop.after : nullptr;
}

}  // namespace brim::templates::jinja

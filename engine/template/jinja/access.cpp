// Attributes, items and slices (Interpreter): what `.name`, `[key]` and `[a:b:c]` find, in jinja2's order.
#include "engine/template/jinja/code_points.hpp"
#include "engine/template/jinja/compare.hpp"
#include "engine/template/jinja/failure.hpp"
#include "engine/template/jinja/interpreter.hpp"
#include "engine/template/jinja/lexer.hpp"
#include "engine/template/jinja/printing.hpp"

namespace brim::templates::jinja {
namespace {

String type_in_messages(const Value& value) {
  if (value.is_none()) return "None";
  if (value.is_markup()) return "markupsafe.Markup object";
  return (value.is_object() ? value.as_object()->qualified_name() : String(type_name(value))) + " object";
}

// What a sentence quotes of a name or key, which may be as long as any text: its beginning.
std::string_view beginning(std::string_view text) {
  constexpr std::size_t kMaxQuoted = 4000;
  return text.size() <= kMaxQuoted ? text : text.substr(0, offset_of(text.substr(0, kMaxQuoted), kMaxQuoted / 4));
}

Value no_attribute(const Value& owner, std::string_view name) {
  return Value::undefined(
      sentence("'", type_in_messages(owner), "' has no attribute ", python_quoted(beginning(name))));
}

Value unsafe(const Value& owner, std::string_view name) {
  return Value::undefined(sentence("access to attribute ", python_quoted(beginning(name)), " of '", type_name(owner),
                                   "' object is unsafe."));
}

bool is_internal(std::string_view name) { return name.size() > 4 && name.substr(0, 2) == "__" && name.ends_with("__"); }

bool loop_attribute(Interpreter& interpreter, Loop& loop, std::string_view name, Value& found) {
  const auto number = [&](std::int64_t value) { found = Value::integer(value); };
  if (name == "index")
    number(loop.index0 + 1);
  else if (name == "index0")
    number(loop.index0);
  else if (name == "length")
    number(interpreter.loop_length(loop));
  else if (name == "revindex")
    number(interpreter.loop_length(loop) - loop.index0);
  else if (name == "revindex0")
    number(interpreter.loop_length(loop) - loop.index0 - 1);
  else if (name == "depth")
    number(loop.depth0 + 1);
  else if (name == "depth0")
    number(loop.depth0);
  else if (name == "first")
    found = Value::boolean(loop.index0 == 0);
  else if (name == "last")
    found = Value::boolean(interpreter.loop_peek(loop) == nullptr);
  else if (name == "previtem")
    found = loop.index0 == 0 ? Value::undefined("there is no previous item") : loop.before;
  else if (name == "nextitem") {
    const Value* next = interpreter.loop_peek(loop);
    found = next == nullptr ? Value::undefined("there is no next item") : *next;
  } else
    return false;
  return true;
}

bool macro_attribute(const Macro& macro, std::string_view name, Value& found) {
  const Statement& definition = *macro.definition;
  if (name == "name") {
    found = definition.name.empty() ? Value() : Value::text(String(definition.name));
  } else if (name == "arguments") {
    Vector<Value> names;
    for (const Parameter& parameter : definition.parameters) names.push_back(Value::text(String(parameter.name)));
    found = Value::tuple(std::move(names));
  } else if (name == "catch_kwargs")
    found = Value::boolean(definition.takes_kwargs);
  else if (name == "catch_varargs")
    found = Value::boolean(definition.takes_varargs);
  else if (name == "caller")
    found = Value::boolean(definition.takes_caller);
  else
    return false;
  return true;
}

bool range_attribute(const Range& range, std::string_view name, Value& found) {
  if (name == "start")
    found = Value::integer(range.start);
  else if (name == "stop")
    found = Value::integer(range.stop);
  else if (name == "step")
    found = Value::integer(range.step);
  else
    return false;
  return true;
}

bool number_attribute(const Value& owner, std::string_view name, Value& found) {
  if (name == "real")
    found = owner.is_real() ? owner : Value::integer(owner.as_index());
  else if (name == "imag")
    found = owner.is_real() ? Value::real(0) : Value::integer(0);
  else if (name == "numerator" && owner.is_index())
    found = Value::integer(owner.as_index());
  else if (name == "denominator" && owner.is_index())
    found = Value::integer(1);
  else
    return false;
  return true;
}

// Plain attributes of the values that have some; false when there is none of that name.
bool stored_attribute(Interpreter& interpreter, const Value& owner, std::string_view name, Value& found) {
  if (auto* loop = owner.object_as<Loop>()) return loop_attribute(interpreter, *loop, name, found);
  if (auto* space = owner.object_as<Namespace>()) {
    const Value* value = space->attributes->find(name);
    if (value != nullptr) found = *value;
    return value != nullptr;
  }
  if (auto* macro = owner.object_as<Macro>()) return macro_attribute(*macro, name, found);
  if (auto* cycler = owner.object_as<Cycler>()) {
    if (name != "current") return false;
    found = cycler->items[cycler->position];
    return true;
  }
  if (auto* range = owner.object_as<Range>()) return range_attribute(*range, name, found);
  if (owner.is_tuple() && owner.as_tuple().group && (name == "grouper" || name == "list")) {
    found = owner.as_tuple().items[name == "list"];
    return true;
  }
  return (owner.is_index() || owner.is_real()) && number_attribute(owner, name, found);
}

// What Python's getattr and the sandbox answer; false when the type has no such attribute.
bool python_attribute(Interpreter& interpreter, const Value& owner, std::string_view name, Value& found) {
  if (is_internal(name) && owner.kind() != Kind::dict) {
    found = unsafe(owner, name);
    return true;
  }
  if (stored_attribute(interpreter, owner, name, found)) {
    if (name.starts_with("_")) found = unsafe(owner, name);
    return true;
  }
  if (const BuiltinEntry* method = find_method(owner, name)) {
    found = Value::object(make_metered<Function>(String(name), method->body, owner));
    return true;
  }
  if (is_refused_method(owner, name)) {
    found = unsafe(owner, name);
    return true;
  }
  return false;
}

// The position that an index means in a sequence of `size`; false when it is outside.
bool position(Integer index, std::int64_t size, std::size_t& place) {
  if (index < 0) index += size;
  if (index < 0 || index >= size) return false;
  place = static_cast<std::size_t>(index);
  return true;
}

// What obj[key] gives in Python; false where it raises TypeError or LookupError.
bool python_item(const Value& owner, const Value& key, Value& found) {
  std::size_t place = 0;
  if (const auto* items = owner.sequence()) {
    if (!key.is_index() || !position(key.as_index(), static_cast<std::int64_t>(items->size()), place)) return false;
    found = (*items)[place];
    return true;
  }
  if (owner.is_text()) {
    const String& text = owner.as_text();
    if (!key.is_index()) return false;
    charge_text(text.size());  // counted,
    charge_text(text.size());  // and gone over once more to the place
    if (!position(key.as_index(), static_cast<std::int64_t>(count_code_points(text)), place)) return false;
    const std::size_t start = offset_of(text, place);
    std::size_t end = 0;
    code_point_at(text, start, end);
    found = Value::text_like(owner, text.substr(start, end - start));
    return true;
  }
  if (owner.is_dict()) {
    if (key.is_list() || key.is_dict()) return false;
    const Value* value = owner.as_dict().find(key);
    if (value != nullptr) found = *value;
    return value != nullptr;
  }
  if (const auto* range = owner.object_as<Range>()) {
    if (!key.is_index() || !position(key.as_index(), static_cast<std::int64_t>(range->size()), place)) return false;
    found = Value::integer(range->start + range->step * static_cast<Integer>(place));
    return true;
  }
  return false;
}

}  // namespace

Value Interpreter::attribute(const Value& owner, std::string_view name) {
  if (owner.is_undefined()) fail(owner.undefined_message());
  Value found;
  if (python_attribute(*this, owner, name, found)) return found;
  if (owner.is_dict()) {
    if (const Value* value = owner.as_dict().find(name)) return *value;
    if (is_internal(name)) return unsafe(owner, name);
  }
  return no_attribute(owner, name);
}

Value Interpreter::item(const Value& owner, const Value& key) {
  if (owner.is_undefined()) fail(owner.undefined_message());
  Value found;
  if (python_item(owner, key, found)) return found;
  if (key.is_text()) {
    if (python_attribute(*this, owner, key.as_text(), found)) return found;
    return no_attribute(owner, key.as_text());
  }
  return Value::undefined(sentence(type_in_messages(owner), " has no element ", beginning(python_repr(key))));
}

Value Interpreter::follow(Value owner, const Value& path, const Value* otherwise) {
  const auto step = [&](const Value& key) {
    owner = item(owner, key);
    if (otherwise != nullptr && owner.is_undefined()) owner = *otherwise;
  };
  if (!path.is_text()) {
    if (!path.is_none()) step(path);
    return owner;
  }
  std::string_view rest = path.as_text();
  while (true) {
    const std::size_t dot = rest.find('.');
    const String part(rest.substr(0, dot));
    Integer number = 0;
    const bool digits = !part.empty() && part.find_first_not_of("0123456789") == std::string::npos;
    step(digits && parse_integer(part, 10, number) ? Value::integer(number) : Value::text(part));
    if (dot == std::string_view::npos) return owner;
    rest = rest.substr(dot + 1);
  }
}

Value Interpreter::slice(const Value& owner, const Value& start, const Value& stop, const Value& step) {
  if (owner.is_undefined()) fail(owner.undefined_message());
  const auto* range = owner.object_as<Range>();
  if (owner.sequence() == nullptr && !owner.is_text() && range == nullptr) {
    if (owner.is_dict()) fail("unhashable type: 'slice'");
    fail("'", type_name(owner), "' object is not subscriptable");
  }
  for (const Value* bound : {&start, &stop, &step}) {
    if (!bound->is_none() && !bound->is_index()) {
      fail("slice indices must be integers or None, not ", type_name(*bound));
    }
  }
  constexpr std::int64_t kFar = std::int64_t{1} << 62;
  const std::int64_t stride = step.is_none() ? 1 : clamped(step.as_index(), -kFar, kFar);
  if (stride == 0) fail("slice step cannot be zero");
  const std::int64_t size = length(owner);
  // Bounds as in Python's slice.indices: relative to the end when negative, clamped to what the direction can visit.
  const std::int64_t low = stride < 0 ? -1 : 0;
  const std::int64_t high = stride < 0 ? size - 1 : size;
  const auto bound = [&](const Value& value, std::int64_t otherwise) {
    if (value.is_none()) return otherwise;
    std::int64_t index = clamped(value.as_index(), -kFar, kFar);
    if (index < 0) index += size;
    return index < low ? low : index > high ? high : index;
  };
  const std::int64_t first = bound(start, stride < 0 ? high : low);
  const std::int64_t last = bound(stop, stride < 0 ? low : high);

  if (range != nullptr) {
    auto part = make_metered<Range>();
    part->start = range->start + range->step * Integer{first};
    part->stop = range->start + range->step * Integer{last};
    part->step = range->step * Integer{stride};
    return Value::object(std::move(part));
  }
  if (owner.is_text()) {
    const String& text = owner.as_text();
    charge_text(text.size());
    if (stride == 1) {
      if (first >= last) return Value::text_like(owner, {});
      const std::size_t from = offset_of(text, static_cast<std::size_t>(first));
      const std::size_t count = offset_of(std::string_view(text).substr(from), static_cast<std::size_t>(last - first));
      return Value::text_like(owner, text.substr(from, count));
    }
    Vector<std::size_t> offsets;
    for (std::size_t offset = 0; offset < text.size();) {
      offsets.push_back(offset);
      code_point_at(text, offset, offset);
    }
    offsets.push_back(text.size());
    charge_steps(static_cast<std::int64_t>(offsets.size() / 8));
    String out;
    for (std::int64_t i = first; stride > 0 ? i < last : i > last; i += stride) {
      const auto place = static_cast<std::size_t>(i);
      out.append(text, offsets[place], offsets[place + 1] - offsets[place]);
    }
    return Value::text_like(owner, std::move(out));
  }
  Vector<Value> items;
  for (std::int64_t i = first; stride > 0 ? i < last : i > last; i += stride) {
    items.push_back((*owner.sequence())[static_cast<std::size_t>(i)]);
  }
  return owner.is_list() ? Value::list(std::move(items)) : Value::tuple(std::move(items));
}

}  // namespace brim::templates::jinja

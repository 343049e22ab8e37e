// See value.hpp.
#include "engine/text/jinja/value.hpp"

namespace brim::text::jinja {
namespace {

std::size_t bytes_of(const std::vector<Value>& items) { return items.size() * sizeof(Value) + 96; }

}  // namespace

void Value::bury(Data&& data) noexcept {
  const bool last_owner = std::visit(
      [](const auto& held) {
        if constexpr (requires { held.use_count(); }) return held.use_count() == 1;
        return false;
      },
      data);
  if (!last_owner) return;  // nothing goes with this one
  Meter* const meter = Meter::current();
  if (meter == nullptr) {  // of a parsed tree: no deeper than kMaxParseDepth
    const Data here = std::move(data);
    return;
  }
  // While a bury() further up the stack is at work, what is found on the way down is handed to it.
  if (meter->burial != nullptr) {
    try {
      static_cast<std::vector<Data>*>(meter->burial)->push_back(std::move(data));
    } catch (const std::bad_alloc&) {
      const Data here = std::move(data);  // no room to queue it: it goes at once, a level deeper
    }
    return;
  }
  std::vector<Data> queue;
  meter->burial = &queue;
  { const Data first = std::move(data); }
  while (!queue.empty()) {
    const Data last = std::move(queue.back());
    queue.pop_back();
  }
  meter->burial = nullptr;
}

Value Value::undefined(std::string message) {
  return Value(Data(Undefined{std::make_shared<const TextBody>(std::move(message))}));
}

Value Value::text(std::string bytes) {
  charge_text(bytes.size());
  return Value(Data(Text{std::make_shared<const TextBody>(std::move(bytes)), false}));
}

Value Value::markup(std::string bytes) {
  charge_text(bytes.size());
  return Value(Data(Text{std::make_shared<const TextBody>(std::move(bytes)), true}));
}

Value Value::text_like(const Value& like, std::string bytes) {
  return like.is_markup() ? markup(std::move(bytes)) : text(std::move(bytes));
}

Value Value::list(std::vector<Value> items) { return Value(Data(std::make_shared<List>(std::move(items)))); }
Value Value::tuple(std::vector<Value> items) { return Value(Data(std::make_shared<Tuple>(std::move(items)))); }
Value Value::group(std::vector<Value> items) { return Value(Data(std::make_shared<Tuple>(std::move(items), true))); }

Kind Value::kind() const {
  static constexpr Kind kinds[] = {Kind::none, Kind::undefined, Kind::boolean, Kind::integer, Kind::real,
                                   Kind::text, Kind::list,      Kind::tuple,   Kind::dict,    Kind::object};
  return kinds[data_.index()];
}

const std::vector<Value>* Value::sequence() const {
  if (is_list()) return &as_list().items;
  if (is_tuple()) return &as_tuple().items;
  return nullptr;
}

bool Value::same_as(const Value& other) const {
  if (kind() != other.kind()) return false;
  switch (kind()) {
    case Kind::none: return true;
    case Kind::undefined: return std::get<Undefined>(data_).message == std::get<Undefined>(other.data_).message;
    case Kind::boolean: return as_boolean() == other.as_boolean();
    case Kind::integer: return as_index() == other.as_index();
    case Kind::real: return as_real() == other.as_real();
    case Kind::text:
      return is_markup() == other.is_markup() && as_text() == other.as_text();
    case Kind::list: return &as_list() == &other.as_list();
    case Kind::tuple: return &as_tuple() == &other.as_tuple();
    case Kind::dict: return &as_dict() == &other.as_dict();
    case Kind::object: return as_object() == other.as_object();
  }
  return false;
}

List::List(std::vector<Value> values) : items(std::move(values)), charge(bytes_of(items)) {
  charge_steps(static_cast<std::int64_t>(items.size() / 4));
}

Tuple::Tuple(std::vector<Value> values, bool is_group)
    : items(std::move(values)), group(is_group), charge(bytes_of(items)) {
  charge_steps(static_cast<std::int64_t>(items.size() / 4));
}

std::string_view type_name(const Value& value) {
  switch (value.kind()) {
    case Kind::undefined: return "Undefined";
    case Kind::none: return "NoneType";
    case Kind::boolean: return "bool";
    case Kind::integer: return "int";
    case Kind::real: return "float";
    case Kind::text: return value.is_markup() ? "Markup" : "str";
    case Kind::list: return "list";
    case Kind::tuple: return value.as_tuple().group ? "_GroupTuple" : "tuple";
    case Kind::dict: return "dict";
    case Kind::object: return value.as_object()->type_name();
  }
  return "object";
}

}  // namespace brim::text::jinja

// See value.hpp.
#include "engine/template/jinja/value.hpp"

namespace brim::templates::jinja {

// While one value is released, bodies found inside it wait in a list for their turn, linked through themselves.
void Value::bury(Data&& data) noexcept {
  std::shared_ptr<Container> last = std::visit(
      [](auto& held) -> std::shared_ptr<Container> {
        if constexpr (requires { std::shared_ptr<Container>(std::move(held)); }) {
          if (held.use_count() == 1) return std::move(held);
        }
        return nullptr;
      },
      data);
  if (last == nullptr) return;  // nothing is destroyed with this one
  Meter* const meter = Meter::current();
  if (meter == nullptr) return;  // of a parsed tree: no deeper than kMaxParseDepth
  if (meter->burial != nullptr) {
    auto& waiting = *static_cast<std::shared_ptr<Container>*>(meter->burial);
    last->next_to_go = std::move(waiting);
    waiting = std::move(last);
    return;
  }
  std::shared_ptr<Container> waiting = std::move(last);
  meter->burial = &waiting;
  while (waiting != nullptr) {
    const std::shared_ptr<Container> going = std::move(waiting);
    waiting = std::move(going->next_to_go);
  }
  meter->burial = nullptr;
}

Value Value::undefined(std::string_view message) {
  return Value(Data(Undefined{make_metered<const TextBody>(String(message))}));
}

Value Value::text(String bytes) {
  charge_text(bytes.size());
  return Value(Data(Text{make_metered<const TextBody>(std::move(bytes)), false}));
}

Value Value::markup(String bytes) {
  charge_text(bytes.size());
  return Value(Data(Text{make_metered<const TextBody>(std::move(bytes)), true}));
}

Value Value::text_like(const Value& like, String bytes) {
  return like.is_markup() ? markup(std::move(bytes)) : text(std::move(bytes));
}

Value Value::list(Vector<Value> items) { return Value(Data(make_metered<List>(std::move(items)))); }
Value Value::tuple(Vector<Value> items) { return Value(Data(make_metered<Tuple>(std::move(items)))); }
Value Value::group(Vector<Value> items) { return Value(Data(make_metered<Tuple>(std::move(items), true))); }

Kind Value::kind() const {
  static constexpr Kind kinds[] = {Kind::none, Kind::undefined, Kind::boolean, Kind::integer, Kind::real,
                                   Kind::text, Kind::list,      Kind::tuple,   Kind::dict,    Kind::object};
  return kinds[data_.index()];
}

const Vector<Value>* Value::sequence() const {
  if (is_list()) return &as_list().items;
  if (is_tuple()) return &as_tuple().items;
  return nullptr;
}

bool Value::same_as(const Value& other) const {
  if (kind() != other.kind()) return false;
  switch (kind()) {
    case Kind::none:
      return true;
    case Kind::undefined:
      return std::get<Undefined>(data_).message == std::get<Undefined>(other.data_).message;
    case Kind::boolean:
      return as_boolean() == other.as_boolean();
    case Kind::integer:
      return as_index() == other.as_index();
    case Kind::real:
      return as_real() == other.as_real();
    case Kind::text:
      if (is_markup() != other.is_markup() || as_text().size() != other.as_text().size()) return false;
      charge_text(as_text().size());
      return as_text() == other.as_text();
    case Kind::list:
      return &as_list() == &other.as_list();
    case Kind::tuple:
      return &as_tuple() == &other.as_tuple();
    case Kind::dict:
      return &as_dict() == &other.as_dict();
    case Kind::object:
      return as_object() == other.as_object();
  }
  return false;
}

List::List(Vector<Value> values) : items(std::move(values)) {
  charge_steps(static_cast<std::int64_t>(items.size() / 4));
}

Tuple::Tuple(Vector<Value> values, bool is_group) : items(std::move(values)), group(is_group) {
  charge_steps(static_cast<std::int64_t>(items.size() / 4));
}

std::string_view type_name(const Value& value) {
  switch (value.kind()) {
    case Kind::undefined:
      return "Undefined";
    case Kind::none:
      return "NoneType";
    case Kind::boolean:
      return "bool";
    case Kind::integer:
      return "int";
    case Kind::real:
      return "float";
    case Kind::text:
      return value.is_markup() ? "Markup" : "str";
    case Kind::list:
      return "list";
    case Kind::tuple:
      return value.as_tuple().group ? "_GroupTuple" : "tuple";
    case Kind::dict:
      return "dict";
    case Kind::object:
      return value.as_object()->type_name();
  }
  return "object";
}

}  // namespace brim::templates::jinja

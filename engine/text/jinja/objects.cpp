// See objects.hpp.
#include "engine/text/jinja/objects.hpp"

namespace brim::text::jinja {
Integer Range::size() const {
  if (step > 0) return stop <= start ? 0 : (stop - start - 1) / step + 1;
  return start <= stop ? 0 : (start - stop - 1) / -step + 1;
}

DictView::DictView(Value source, Part which) : owner(std::move(source)), dict(&owner.as_dict()), part(which) {}

std::string_view DictView::type_name() const {
  return part == Part::keys ? "dict_keys" : part == Part::values ? "dict_values" : "dict_items";
}

Value DictView::at(std::size_t index) const {
  switch (part) {
    case Part::keys: return dict->keys[index];
    case Part::values: return dict->values[index];
    case Part::items: break;
  }
  return Value::tuple({dict->keys[index], dict->values[index]});
}

const Value* Scope::find(NameId name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->parent.get()) {
    for (const auto& [id, value] : scope->variables) {
      if (id == name) return &value;
    }
  }
  return nullptr;
}

void Scope::set(NameId name, Value value) {
  for (auto& [id, existing] : variables) {
    if (id == name) {
      existing = std::move(value);
      return;
    }
  }
  charge.grow(sizeof(Value) + 16);
  variables.emplace_back(name, std::move(value));
}

}  // namespace brim::text::jinja

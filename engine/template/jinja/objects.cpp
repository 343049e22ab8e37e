// See objects.hpp.
#include "engine/template/jinja/objects.hpp"

#include <algorithm>
#include <numeric>

namespace brim::templates::jinja {
namespace {

constexpr std::size_t kSearchByHand = 16;

}  // namespace

NamedArguments::NamedArguments(const CallArguments& arguments) : named_(arguments.named) {
  if (named_.size() <= kSearchByHand) return;
  sorted_.resize(named_.size());
  std::iota(sorted_.begin(), sorted_.end(), std::size_t{0});
  std::sort(sorted_.begin(), sorted_.end(), [&](std::size_t a, std::size_t b) {
    charge_text(std::min(named_[a].first.size(), named_[b].first.size()));
    const int sign = named_[a].first.compare(named_[b].first);
    return sign != 0 ? sign < 0 : a < b;
  });
}

std::size_t NamedArguments::find(std::string_view name) const {
  charge_text(name.size());
  if (sorted_.empty()) {
    std::size_t place = 0;
    while (place < named_.size() && named_[place].first != name) ++place;
    return place;
  }
  const auto found = std::lower_bound(
      sorted_.begin(), sorted_.end(), name,
      [&](std::size_t place, std::string_view wanted) { return std::string_view(named_[place].first) < wanted; });
  return found != sorted_.end() && named_[*found].first == name ? *found : named_.size();
}

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
    case Part::keys:
      return dict->keys[index];
    case Part::values:
      return dict->values[index];
    case Part::items:
      break;
  }
  return Value::tuple({dict->keys[index], dict->values[index]});
}

std::size_t Scope::position(NameId name) const {
  if (!places_.empty()) {
    const auto found = places_.find(name);
    return found == places_.end() ? variables_.size() : found->second;
  }
  std::size_t place = 0;
  while (place < variables_.size() && variables_[place].first != name) ++place;
  return place;
}

const Value* Scope::find(NameId name) const {
  int hops = 0;
  for (const Scope* scope = this; scope != nullptr; scope = scope->parent.get()) {
    const std::size_t place = scope->position(name);
    if (place < scope->variables_.size()) return &scope->variables_[place].second;
    if (++hops % 4 == 0) charge_steps(1);
  }
  return nullptr;
}

void Scope::set(NameId name, Value value) {
  const std::size_t place = position(name);
  if (place < variables_.size()) {
    variables_[place].second = std::move(value);
    return;
  }
  variables_.emplace_back(name, std::move(value));
  if (variables_.size() <= kSearchByHand) return;
  for (std::size_t at = places_.empty() ? 0 : place; at < variables_.size(); ++at)
    places_.emplace(variables_[at].first, at);
}

void Scope::clear() noexcept {
  if (variables_.empty()) return;  // a scope that holds many macros is cleared for each of them
  places_.clear();
  // Moved out first: what goes with the values may look at this scope.
  Vector<std::pair<NameId, Value>> last(variables_.get_allocator());
  last.swap(variables_);
}

}  // namespace brim::templates::jinja

// Dict of value.hpp: entries in insertion order, with an index by hash once a search by hand would be slow.
#include "engine/template/jinja/compare.hpp"
#include "engine/template/jinja/value.hpp"

namespace brim::templates::jinja {
namespace {

constexpr std::size_t kSearchByHand = 8;

}  // namespace

void Dict::clear() noexcept {
  index_.clear();
  keys.clear();
  values.clear();
}

std::ptrdiff_t Dict::position(const Value& key) const {
  const std::size_t hash = hash_value(key);  // also refuses keys that cannot be hashed
  if (index_.empty()) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (equal(keys[i], key)) return static_cast<std::ptrdiff_t>(i);
    }
    return -1;
  }
  const auto [first, last] = index_.equal_range(hash);
  for (auto entry = first; entry != last; ++entry) {
    if (equal(keys[entry->second], key)) return static_cast<std::ptrdiff_t>(entry->second);
  }
  return -1;
}

void Dict::set(Value key, Value value) {
  const std::ptrdiff_t found = position(key);
  if (found >= 0) {
    values[static_cast<std::size_t>(found)] = std::move(value);
    return;
  }
  keys.push_back(std::move(key));
  values.push_back(std::move(value));
  if (!index_.empty()) {
    index_.emplace(hash_value(keys.back()), keys.size() - 1);
  } else if (keys.size() > kSearchByHand) {
    for (std::size_t i = 0; i < keys.size(); ++i) index_.emplace(hash_value(keys[i]), i);
  }
}

const Value* Dict::find(const Value& key) const {
  const std::ptrdiff_t found = position(key);
  return found < 0 ? nullptr : &values[static_cast<std::size_t>(found)];
}

const Value* Dict::find(std::string_view key) const {
  charge_text(key.size());
  if (index_.empty()) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (keys[i].is_text() && keys[i].as_text() == key) return &values[i];
    }
    return nullptr;
  }
  const auto [first, last] = index_.equal_range(hash_text(key));
  for (auto entry = first; entry != last; ++entry) {
    const Value& candidate = keys[entry->second];
    if (candidate.is_text() && candidate.as_text() == key) return &values[entry->second];
  }
  return nullptr;
}

}  // namespace brim::templates::jinja

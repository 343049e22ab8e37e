// From a name to its place in a list, and the first name that occurs twice. A sorted list and not a hash table: names
// come from untrusted files, and sorting has no worst case that an attacker could construct.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace brim::io {

/// Holds views: the names must outlive the index. Immutable after build(); safe to read from several threads.
class NameIndex {
 public:
  /// `name(i)` gives the i-th of `count` names.
  template <class NameOf>
  void build(std::size_t count, NameOf name) {
    sorted_.clear();
    sorted_.reserve(count);
    for (std::size_t place = 0; place < count; ++place) sorted_.push_back({name(place), place});
    std::sort(sorted_.begin(), sorted_.end(),
              [](const Item& a, const Item& b) { return a.name != b.name ? a.name < b.name : a.place < b.place; });
  }

  /// The place of `name`; nothing when it is not there.
  std::optional<std::size_t> find(std::string_view name) const {
    const auto found = std::lower_bound(sorted_.begin(), sorted_.end(), name,
                                        [](const Item& item, std::string_view wanted) { return item.name < wanted; });
    if (found == sorted_.end() || found->name != name) return std::nullopt;
    return found->place;
  }

  struct Duplicate {
    std::size_t first, second;
  };
  /// Two places that have the same name, if there are any.
  std::optional<Duplicate> duplicate() const {
    const auto found = std::adjacent_find(sorted_.begin(), sorted_.end(),
                                          [](const Item& a, const Item& b) { return a.name == b.name; });
    if (found == sorted_.end()) return std::nullopt;
    return Duplicate{found->place, (found + 1)->place};
  }

 private:
  struct Item {
    std::string_view name;
    std::size_t place;
  };
  std::vector<Item> sorted_;
};

}  // namespace brim::io

// From a string to the number it was given: the index both merge algorithms look candidates up in. Open addressing over
// views, because a merge of a long text asks it millions of times.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace brim::text {

/// Keys are views: the strings must outlive the map. Reading from several threads is safe.
class TokenMap {
 public:
  static constexpr std::int32_t kNone = -1;

  explicit TokenMap(std::size_t expected = 0) { rehash(capacity_for(expected)); }

  /// Enters `key` unless it is there; the first entry of a key stays. Returns the number the key has.
  std::int32_t insert(std::string_view key, std::int32_t number) {
    if ((used_ + 1) * 2 > slots_.size()) rehash(slots_.size() * 2);
    Slot& slot = slots_[position(key)];
    if (slot.number == kNone) {
      slot = {key, number};
      ++used_;
      if (key.size() > longest_) longest_ = key.size();
    }
    return slot.number;
  }

  /// The number of `key`, or kNone.
  std::int32_t find(std::string_view key) const {
    return key.size() > longest_ ? kNone : slots_[position(key)].number;
  }

  std::size_t longest_key() const { return longest_; }

 private:
  struct Slot {
    std::string_view key;
    std::int32_t number = kNone;
  };

  static std::size_t capacity_for(std::size_t entries) {
    std::size_t capacity = 16;
    while (capacity < entries * 2) capacity *= 2;
    return capacity;
  }

  std::size_t position(std::string_view key) const {
    std::size_t at = std::hash<std::string_view>{}(key) & (slots_.size() - 1);
    while (slots_[at].number != kNone && slots_[at].key != key) at = (at + 1) & (slots_.size() - 1);
    return at;
  }

  void rehash(std::size_t capacity) {
    std::vector<Slot> old(capacity);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.number != kNone) slots_[position(slot.key)] = slot;
    }
  }

  std::vector<Slot> slots_;
  std::size_t used_ = 0;
  std::size_t longest_ = 0;
};

}  // namespace brim::text

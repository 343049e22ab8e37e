// From a string to the number it was given: the index in which both merge algorithms look up candidates. Open
// addressing, because merging a long text makes millions of look-ups; all bytes in one block, because vocabularies are
// large. Keys come from files: the hash is keyed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "platform/keyed_hash.hpp"

namespace brim::text {

/// Owns copies of its keys. Reading from several threads is safe.
class TokenMap {
 public:
  static constexpr std::int32_t kNone = -1;

  explicit TokenMap(std::size_t expected = 0) : slots_(capacity_for(expected), kNone) { entries_.reserve(expected); }

  /// Enters `key` unless it is there; the first entry of a key stays. Returns the number the key has.
  std::int32_t insert(std::string_view key, std::int32_t number) {
    std::size_t at = position(key);
    if (slots_[at] == kNone) {
      if ((entries_.size() + 1) * 2 > slots_.size()) {
        grow();
        at = position(key);
      }
      slots_[at] = static_cast<std::int32_t>(entries_.size());
      bytes_ += key;
      entries_.push_back({bytes_.size(), number});
      if (key.size() > longest_) longest_ = key.size();
    }
    return entries_[static_cast<std::size_t>(slots_[at])].number;
  }

  /// The number of `key`, or kNone.
  std::int32_t find(std::string_view key) const {
    if (key.size() > longest_) return kNone;
    const std::int32_t entry = slots_[position(key)];
    return entry == kNone ? kNone : entries_[static_cast<std::size_t>(entry)].number;
  }

  std::size_t size() const { return entries_.size(); }
  std::size_t longest_key() const { return longest_; }

 private:
  struct Entry {
    std::size_t end;  // of its key in bytes_; it begins where the one before ends
    std::int32_t number;
  };

  static std::size_t capacity_for(std::size_t entries) {
    std::size_t capacity = 16;
    while (capacity < entries * 2) capacity *= 2;
    return capacity;
  }

  std::string_view key_of(std::int32_t entry) const {
    const auto index = static_cast<std::size_t>(entry);
    const std::size_t begin = index == 0 ? 0 : entries_[index - 1].end;
    return {bytes_.data() + begin, entries_[index].end - begin};
  }

  std::size_t position(std::string_view key) const {
    std::size_t at = keyed_hash(key) & (slots_.size() - 1);
    while (slots_[at] != kNone && key_of(slots_[at]) != key) at = (at + 1) & (slots_.size() - 1);
    return at;
  }

  void grow() {
    slots_.assign(slots_.size() * 2, kNone);
    for (std::size_t index = 0; index < entries_.size(); ++index) {
      const auto entry = static_cast<std::int32_t>(index);
      slots_[position(key_of(entry))] = entry;
    }
  }

  std::string bytes_;
  std::vector<Entry> entries_;
  std::vector<std::int32_t> slots_;  // index of an entry; a power of two of them
  std::size_t longest_ = 0;
};

}  // namespace brim::text

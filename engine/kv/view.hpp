// What attention reads of one stream: its retained entries and, in a chunk, the staged ones behind them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/kv/staging.hpp"
#include "engine/kv/stream_store.hpp"

namespace brim::kv {

/// A range of entries of one KV head of a stream that lie at equal strides: entry e's key is keys + e · key_stride.
struct EntryRange {
  const std::byte* keys;
  const std::byte* values;
  std::size_t key_stride;
  std::size_t value_stride;
  std::int64_t count;
};

/// Entries are in order of age, oldest first; all heads of a stream hold the same entries. Valid until the memory's
/// next non-const call. Many threads may read it at once.
class View {
 public:
  /// `positions`: of the store's entries and `staged` ones behind them.
  View(const StreamStore& store, const Staging& staging, std::int64_t staged,
       std::span<const std::int64_t> positions) noexcept
      : store_(&store), staging_(&staging), retained_(store.used()), staged_(staged), positions_(positions) {}

  std::int64_t retained() const { return retained_; }
  std::int64_t staged() const { return staged_; }
  std::int64_t entries() const { return retained_ + staged_; }
  /// Rotary positions of all entries, retained then staged: strictly increasing.
  std::span<const std::int64_t> positions() const { return positions_; }
  /// The range of `head` that holds entry `first`, from that entry on: at most to entry `end`. A stream's entries form
  /// one or two of these ranges, and the staged ones another; call again with first + count until end.
  EntryRange range(int head, std::int64_t first, std::int64_t end) const noexcept {
    const std::int64_t token = first - retained_;
    EntryRange range =
        token >= 0 ? EntryRange{staging_->key(head, token), staging_->value(head, token), store_->key_bytes(),
                                store_->value_bytes(), end - first}
                   : EntryRange{store_->key(head, first), store_->value(head, first), store_->key_bytes(),
                                store_->value_bytes(), store_->run_length(first, end < retained_ ? end : retained_)};
    if (range.value_stride == 0) {  // values are in the keys
      range.values = range.keys;
      range.value_stride = range.key_stride;
    }
    return range;
  }

 private:
  const StreamStore* store_;
  const Staging* staging_;
  std::int64_t retained_;
  std::int64_t staged_;
  std::span<const std::int64_t> positions_;
};

}  // namespace brim::kv

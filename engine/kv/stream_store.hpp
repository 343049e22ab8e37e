// One layer's entries in its run of granules. Keys and values lie in a ring of slots — entry i, counted by age, in
// slot (start + i) mod slots — so that dropping the oldest moves nothing, and dropping the oldest after a few sinks
// moves only the sinks. Positions, indices, accumulated attention, measures and counts of packing are plain arrays in
// order of age, because attention and rules read them whole. All heads hold the same entries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/kv/layout.hpp"
#include "engine/kv/staging.hpp"

namespace brim::kv {

class StreamStore {
 public:
  StreamStore(const StreamShape& shape, const StreamRun& run);

  std::int64_t slots() const { return run_.slots; }
  std::int64_t used() const { return used_; }
  std::span<std::int64_t> positions() const { return {run_.positions, static_cast<std::size_t>(used_)}; }
  std::span<const std::int64_t> index() const { return {run_.index, static_cast<std::size_t>(used_)}; }
  /// Empty when accumulated attention is not requested.
  std::span<float> accumulated() const {
    return {run_.accumulated, run_.accumulated ? static_cast<std::size_t>(used_) : 0};
  }
  /// Empty when no measure is requested.
  std::span<float> measure() const { return {run_.measure, run_.measure ? static_cast<std::size_t>(used_) : 0}; }
  /// How often each entry's keys were packed again since they were computed; empty where that is not counted.
  std::span<std::uint8_t> repacked() const {
    return {run_.repacked, run_.repacked ? static_cast<std::size_t>(used_) : 0};
  }
  /// The blocks that the entries form, oldest first; empty where blocks are not requested.
  std::span<Block> blocks() const { return {run_.blocks, blocks_}; }
  void set_blocks(std::size_t count) noexcept { blocks_ = count; }
  bool has_block_boxes() const { return run_.block_boxes != nullptr; }
  /// The box around a block's keys, in f16: the middle, then half the width, of each value. Those of a head lie side by
  /// side.
  std::byte* block_box(int head, std::size_t block) const {
    return run_.block_boxes + (head * run_.max_blocks + static_cast<std::int64_t>(block)) * block_box_bytes_;
  }
  std::size_t block_box_bytes() const { return static_cast<std::size_t>(block_box_bytes_); }
  /// All of the positions array: the part behind used() may be written to show a chunk behind the entries.
  std::int64_t* position_array() const { return run_.positions; }

  /// Bytes in granules that hold an entry, and of the entries' metadata.
  std::int64_t bytes_used() const;

  std::byte* key(int head, std::int64_t entry) const { return run_.keys + place(head, entry) * key_bytes_; }
  std::byte* value(int head, std::int64_t entry) const { return run_.values + place(head, entry) * value_bytes_; }
  std::size_t key_bytes() const { return static_cast<std::size_t>(key_bytes_); }
  /// 0 where values are in the keys.
  std::size_t value_bytes() const { return static_cast<std::size_t>(value_bytes_); }
  /// How many entries from `entry` on lie side by side, up to `end`.
  std::int64_t run_length(std::int64_t entry, std::int64_t end) const;

  /// Adds staged entry `token` as the newest. There is a free slot.
  void append(const Staging& staging, std::int64_t token, std::int64_t position, std::int64_t index, float accumulated,
              float measure) noexcept;
  void drop_oldest(std::int64_t count) noexcept;
  void drop_newest(std::int64_t count) noexcept { used_ -= count; }
  /// Keeps the entries in `order` (ascending) and closes the gaps, moving whichever side of them is smaller.
  void keep(std::span<const std::uint32_t> order) noexcept;
  void clear() noexcept {
    start_ = used_ = 0;
    blocks_ = 0;
  }
  /// Holds what `other` holds, a store of the same shape and slots without blocks.
  void copy(const StreamStore& other) noexcept;

  /// The slot of the oldest entry.
  std::int64_t start() const { return start_; }
  /// Sets what the store holds from now on, for callers that fill in the entries and blocks (snapshot.cpp): start <
  /// slots, used ≤ slots, blocks ≤ run().max_blocks.
  void resume(std::int64_t start, std::int64_t used, std::size_t blocks) noexcept {
    start_ = start;
    used_ = used;
    blocks_ = blocks;
  }

  /// The contiguous pieces that have to be moved when the layer gets another run: keys and values of each head, then
  /// the metadata arrays, in the order of their addresses. Only what entries fill counts; the ring must begin at slot
  /// 0.
  struct Piece {
    std::byte* at;
    std::size_t bytes;
  };
  int pieces() const { return 3 * heads_ + 6; }
  Piece piece(int number) const noexcept;
  /// Rotates the ring so that the oldest entry is in slot 0.
  void unroll() noexcept;
  /// From now on the entries are in `run`; the caller has moved the pieces there. run.slots ≥ used().
  void settle(const StreamRun& run) noexcept { run_ = run; }
  const StreamRun& run() const { return run_; }

 private:
  std::int64_t place(int head, std::int64_t entry) const {
    const std::int64_t slot = start_ + entry;
    return head * run_.slots + (slot < run_.slots ? slot : slot - run_.slots);
  }
  void move(std::int64_t from, std::int64_t to) noexcept;
  /// Calls array(pointer) for each metadata array that there is.
  template <class Array>
  void for_arrays(Array array) const;

  StreamRun run_;
  int heads_;
  std::int64_t key_bytes_;
  std::int64_t value_bytes_;
  std::int64_t block_box_bytes_;
  std::int64_t start_ = 0;  ///< slot of the oldest entry, < slots
  std::int64_t used_ = 0;
  std::size_t blocks_ = 0;
};

}  // namespace brim::kv

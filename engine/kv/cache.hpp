// The cache itself: layers, slots, staging, eviction. It holds exactly Plan::budget_bytes of memory that the session's
// arena gave it, and moves entries inside them; it never allocates.
//
// A forward pass over a chunk of n tokens, layer by layer:
//   begin(n)                    once: makes room in position space (rebasing survivors when the context is used up)
//   stage(layer, k, v)          packs the chunk's keys (already rotated) and values into the one staging buffer
//   view(layer)                 what attention may read: retained entries oldest first, then the staged ones
//   add_mass(layer, …)          only if needs().attention_mass
//   commit(layer)               scores, prunes the layer to its quota, moves survivors into granules
//   end()                       once: the n tokens are part of the past
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/kv/plan.hpp"
#include "engine/kv/scorer.hpp"

namespace brim::kv {

/// Rotates a stored key again when positions are rebased: by −delta positions, or not at all on layers without rope.
/// Implemented by the model, which knows its frequencies (no magnitude scaling: keys already carry it).
class KeyRotation {
 public:
  virtual ~KeyRotation() = default;
  virtual void rotate_back(int layer, float* key, std::int64_t delta) const noexcept = 0;
};

/// A stretch of entries of one (layer, head) that lie at equal strides: entry e's key is keys + e · key_stride.
struct Stretch {
  const std::byte* keys;
  const std::byte* values;
  std::size_t key_stride;
  std::size_t value_stride;
  std::int64_t count;
};

/// What attention reads of one layer. Entries are in order of age, oldest first; all heads hold the same entries.
class View {
 public:
  std::int64_t retained() const { return retained_; }
  std::int64_t staged() const { return staged_; }
  std::int64_t entries() const { return retained_ + staged_; }
  /// Rotary positions of all entries, retained then staged: strictly increasing.
  std::span<const std::int64_t> positions() const { return positions_; }
  /// The stretch of `head` that holds entry `first`, from that entry on: at most to entry `end`. Stretches end at granule
  /// ends where granules are not neighbours; call again with first + count until end.
  Stretch stretch(int head, std::int64_t first, std::int64_t end) const noexcept;

 private:
  friend class Cache;
  const class Cache* cache_ = nullptr;
  int layer_ = 0;
  std::int64_t retained_ = 0;
  std::int64_t staged_ = 0;
  std::span<const std::int64_t> positions_;
};

struct LayerStats {
  std::int64_t quota = 0;     ///< entries this layer may keep
  std::int64_t used = 0;      ///< entries it keeps
  std::int64_t evicted = 0;   ///< entries dropped since the session began or was cleared
};

/// One thread at a time. Everything is deterministic.
class Cache {
 public:
  /// `memory` is exactly plan.budget_bytes, 64-byte aligned, and outlives the cache. Bookkeeping that is not per entry
  /// (a few hundred bytes a layer, page tables) is ordinary memory, allocated here and never again; entries, their
  /// metadata and the staging buffer are in `memory`.
  static Result<Cache> create(Plan plan, std::span<std::byte> memory, const KeyRotation* rotation);

  const Plan& plan() const { return plan_; }
  Needs needs() const;

  /// Starts a chunk of n ≤ plan().chunk tokens. Returns the position of its first token. When the chunk would pass the
  /// context, layers first drop entries (oldest after the sinks, an eighth of the context or n, whichever is more) and
  /// survivors move to contiguous positions: sinks keep theirs, the rest end where the fullest layer ends.
  std::int64_t begin(std::int64_t n) noexcept;
  /// keys[t][head][key_size] and values[t][head][value_size] of the chunk's n tokens, floats, rotated.
  void stage(int layer, const float* keys, const float* values) noexcept;
  View view(int layer) const noexcept;
  /// Adds attention received to every entry of the view, in view order (retained then staged).
  void add_mass(int layer, std::span<const float> mass) noexcept;
  void commit(int layer) noexcept;
  void end() noexcept;
  /// Gives up a chunk between begin and end. Layers already committed hold entries the others lack: the cache is stale
  /// until clear().
  void abandon() noexcept;
  bool stale() const { return stale_; }

  void clear() noexcept;
  /// Forgets the last tokens so that `count` tokens remain of the whole input. False when that cannot be exact (an entry
  /// that would still be needed was evicted, or positions were rebased since): nothing is changed then; re-read instead.
  bool truncate(std::int64_t count) noexcept;

  std::int64_t tokens() const { return tokens_; }           ///< tokens read since clear()
  std::int64_t next_position() const { return position_; }  ///< ≤ context
  std::int64_t evicted() const;                             ///< over all layers
  std::int64_t rebased() const { return rebased_; }         ///< how often positions were rebased
  LayerStats layer(int index) const;
  /// Bytes in use now: granules in use, their metadata, and the staging buffer. ≤ plan().budget_bytes.
  std::int64_t bytes_used() const;
  /// The largest bytes_used() ever seen, staging included.
  std::int64_t bytes_peak() const { return peak_; }

 private:
  Plan plan_;
  bool stale_ = false;
  std::int64_t tokens_ = 0, position_ = 0, rebased_ = 0, peak_ = 0;
};

}  // namespace brim::kv

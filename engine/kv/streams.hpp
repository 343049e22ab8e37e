// All streams of a sequence with the bytes that they use. A stream is a layer's entries, or one KV head's where each
// head keeps its own entries.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/kv/eviction.hpp"
#include "engine/kv/ids.hpp"
#include "engine/kv/layout.hpp"
#include "engine/kv/plan.hpp"
#include "engine/kv/stream_store.hpp"

namespace brim::kv {

/// One stream: its entries, and what is known about the stream in addition.
struct Stream {
  Stream(StreamId stream_id, LayerId of_layer, const StreamShape& stream_shape, std::int64_t context,
         const StreamRun& run)
      : id(stream_id),
        layer(of_layer),
        shape(stream_shape),
        slides(kv::slides(stream_shape, context)),
        store(stream_shape, run) {}

  StreamId id;
  LayerId layer;  ///< of the model
  StreamShape shape;
  bool slides;  ///< older entries leave its window while the context is still being used
  StreamStore store;
  std::int64_t quota = 0;        ///< entries it may keep; at most the store's slots
  Forced forced;                 ///< of those, the ones that are kept whatever their score
  std::int64_t evicted = 0;      ///< entries evicted since the memory was cleared
  std::int64_t evicted_at = 0;   ///< tokens processed when an entry was last evicted, its chunk included
  std::int64_t slid_to = 0;      ///< positions below this one have slid out of the window
  std::int64_t held_before = 0;  ///< how many streams before this one are held

  void set_quota(std::int64_t slots, std::int64_t context) noexcept {
    quota = std::min(slots, useful_entries(shape, context));
    forced = forced_entries(quota, slides);
  }
  void note_evicted(std::int64_t count, std::int64_t tokens) noexcept {
    evicted += count;
    evicted_at = tokens;
  }
  void clear() noexcept {
    store.clear();
    evicted = evicted_at = slid_to = 0;
  }
};

/// One thread at a time. Lays the streams out from `memory` on, one after another, with the slots of their quotas.
class Streams {
 public:
  /// `fixed_bytes`: what is in use whatever the streams hold. `memory` has room for all of the plan's entries.
  Streams(const Plan& plan, MemoryMap memory, std::int64_t fixed_bytes);

  std::size_t size() const { return streams_.size(); }
  Stream& at(StreamId id) { return streams_[index_of(id)]; }
  const Stream& at(StreamId id) const { return streams_[index_of(id)]; }
  auto begin() { return streams_.begin(); }
  auto end() { return streams_.end(); }
  auto begin() const { return streams_.begin(); }
  auto end() const { return streams_.end(); }

  std::int64_t evicted() const;
  /// Bytes in use now, and the peak: granules in use, their metadata, and what is fixed.
  std::int64_t bytes_used() const { return fixed_bytes_ + stored_bytes_; }
  std::int64_t bytes_peak() const { return peak_; }

  /// Call after a stream that used `before` bytes was changed.
  void recount(std::int64_t before, const Stream& stream) noexcept {
    stored_bytes_ += stream.store.bytes_used() - before;
  }
  /// Call after many streams were changed.
  void recount() noexcept;
  void note_peak() noexcept { peak_ = std::max(peak_, bytes_used()); }
  void set_peak(std::int64_t bytes) noexcept { peak_ = bytes; }
  void clear() noexcept;

 private:
  std::vector<Stream> streams_;
  std::int64_t fixed_bytes_;
  std::int64_t stored_bytes_ = 0;
  std::int64_t peak_;
};

}  // namespace brim::kv

// Copies of the entries of streams with a sliding window, one for each checkpoint: an entry that slid out of a window is
// gone, so going back further than the window reaches means restoring what it held. All of these bytes belong to the
// budget (Plan::window_bytes). Streams without a window are cut back instead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/base/state.hpp"
#include "engine/kv/checkpoint_list.hpp"
#include "engine/kv/layout.hpp"
#include "engine/kv/plan.hpp"
#include "engine/kv/stream_store.hpp"
#include "engine/kv/streams.hpp"
#include "engine/kv/timeline.hpp"

namespace brim::kv {

/// Allocates when it is constructed, and never again. One thread at a time. Which slots hold something is known to the
/// list of checkpoints (States::checkpoints).
class Windows {
 public:
  /// Takes its bytes from `map`: for each checkpoint a run for every stream of which checkpoints hold the entries
  /// (in_checkpoints).
  Windows(const Plan& plan, MemoryMap& map);

  bool any() const { return !copies_.empty(); }
  /// What the streams hold now becomes the copy in `slot`.
  void keep(std::size_t slot, const Streams& streams) noexcept;
  /// The streams hold again what they held then.
  void bring_back(std::size_t slot, Streams& streams) const noexcept;

  /// The copies of the checkpoints in `kept`, for saved sessions. Nothing is written where there are none.
  void save(const CheckpointList& kept, StateWriter& state) const;
  /// Reads them back for a text that has come to `time`. Errors: those of the state reader.
  Status restore(const CheckpointList& kept, const Timeline& time, StateReader& state);

 private:
  struct Copy {
    StreamId stream;
    int heads;
    std::int64_t quota, context;
    StreamStore store;
    std::int64_t evicted = 0, evicted_at = 0, slid_to = 0;  // the stream's
  };

  std::vector<Copy> copies_;  // [slot][stream that is copied]
  std::size_t streams_ = 0;   // that are copied
};

}  // namespace brim::kv

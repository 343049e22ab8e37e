// What a replay asks of the tokens that it replays (KVzip, arXiv 2505.23416): the score of an entry and a KV head is the
// largest attention that any query of the replay and of the head's group gives it, in a softmax over the first entries,
// the replayed ones and the replay itself. Sits between layers/attention.cpp, which calls it, and the memory, which
// decides (kv/looks.hpp). Without the norm of the value that the paper also multiplies with.
#pragma once

#include "engine/kv/looks.hpp"
#include "engine/kv/view.hpp"
#include "engine/model/pass.hpp"

namespace brim::model {

class LayerAttention;

/// The scores of one stream of a segment; does nothing where the segment is not a look. In this order: constructed when
/// the chunk is staged; after_attention for each tile of its tokens; finish once, before another one begins. Borrows
/// everything; one thread at a time. The scores do not depend on the number of threads.
class LookScores {
 public:
  LookScores(const Pass& pass, const Segment& segment, kv::StreamId stream, const kv::View& view) noexcept;

  /// Call while the rows' states are those of this tile (attend.hpp).
  void after_attention(const Pass& tile) noexcept;
  /// Passes the results to the chunk and the observer; call before the stream is committed.
  void finish() noexcept;

 private:
  void add_query(const Pass& tile, const LayerAttention& layer, int head, std::int64_t token, int query,
                 int worker) const noexcept;
  /// One head's largest attention so far, as one worker has seen it: range_.count values.
  float* largest(int worker, int head) const noexcept;

  const Pass& pass_;
  const Segment& segment_;
  const kv::View& view_;
  kv::StreamId stream_;
  int heads_;
  kv::LookedAt range_;  ///< empty where there is nothing to do
};

}  // namespace brim::model

// The core of attention: queries against the entries that a stream holds. The steps around it (projections, rotation,
// the memory's own steps) are in layers/attention.cpp.
#pragma once

#include <span>

#include "engine/kv/view.hpp"
#include "engine/model/pass.hpp"

namespace brim::model {

/// One stream of a segment, and the entries that the segment's tokens see.
struct Attended {
  const Segment* segment;
  kv::StreamId stream;
  const kv::View* view;
};

/// For each token of these segments in this tile and each query head of the stream's KV heads, work.mixed = the values
/// of the view weighted by the softmax of the scores of work.query. The rows' states stay in the workspace, for
/// attention_statistics.hpp. The streams are of one layer and of different segments, in the order of their rows; one
/// that is read sparsely comes alone. The threads work on all of them at once; no row's bits depend on that.
/// A head with a sink (LayerWeights::sinks) has one more score in its softmax, which no value belongs to: it takes its
/// share of the attention, also in the rows' states.
void attend(const Pass& tile, std::span<const Attended> streams) noexcept;

}  // namespace brim::model

// The core of attention: queries against the entries that a stream holds. The steps around it (projections, rotation,
// the memory's own steps) are in layers/attention.cpp.
#pragma once

#include "engine/kv/view.hpp"
#include "engine/model/pass.hpp"

namespace brim::model {

/// For each token of `segment` in this tile and each query head of the stream's KV heads, work.mixed = the values of
/// the view weighted by the softmax of the scores of work.query. The rows' states stay in the workspace, for attention_statistics.hpp.
void attend(const Pass& tile, const Segment& segment, kv::StreamId stream, const kv::View& view) noexcept;

}  // namespace brim::model

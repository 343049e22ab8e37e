// The middle of attention: queries against what a stream holds. Its neighbours — projections, rotation, the memory's own
// steps — are in attention.cpp.
#pragma once

#include "engine/kv/view.hpp"
#include "engine/model/pass.hpp"

namespace brim::model {

/// work.mixed = for each token of the pass and each query head of the stream's KV heads, the values of
/// the view weighted by the softmax of the scores of work.query. The rows' states stay in the workspace, for watch.hpp.
void attend(const Pass& pass, kv::StreamId stream, const kv::View& view) noexcept;

}  // namespace brim::model

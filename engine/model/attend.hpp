// The middle of attention: queries against what the cache holds. Its neighbours — projections, rotation, the cache's own
// steps — are in attention.cpp.
#pragma once

#include "engine/kv/cache.hpp"
#include "engine/model/pass.hpp"

namespace brim::model {

/// `layer` is the cache's. work.mixed = for each token of the pass and each query head of the layer's KV heads, the values of
/// the view weighted by the softmax of the scores of work.query. The rows' states stay in the workspace, for watch.hpp.
void attend(const Pass& pass, int layer, const kv::View& view) noexcept;

}  // namespace brim::model

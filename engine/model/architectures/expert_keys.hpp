// The keys of architectures with experts, which those that have them share. The experts themselves: layers/experts.cpp.
#pragma once

#include "engine/base/result.hpp"
#include "engine/model/config.hpp"
#include "engine/model/keys.hpp"

namespace brim::model {

/// Errors: bad_file where the file has no experts.
Status require_experts(const Keys& keys, const Config& config);

/// How many experts every token uses (expert_shared_count) or their width together (expert_shared_feed_forward_length,
/// which counts where both are given). Errors: those of the keys.
Status read_shared_experts(const Keys& keys, Config& config);

/// expert_gating_func (`absent` where there is none), expert_weights_norm (absent: not normalised),
/// expert_weights_scale, and the groups of experts. Errors: those of the keys; unsupported for a function that is not
/// known; bad_file for groups that the experts cannot be divided into, or that are too few.
Status read_routing(const Keys& keys, Config& config, RouterScore absent);

/// leading_dense_block_count and interleave_moe_layer_step: layers before the first, and those whose number, counted
/// from 1, is not a multiple of the second, have a dense feed-forward. Errors: those of the keys.
Status read_dense_layers(const Keys& keys, Config& config);

}  // namespace brim::model

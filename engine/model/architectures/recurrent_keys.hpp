// Keys of architectures whose layers keep a state of fixed size: the sizes of linear attention and state spaces, and
// which layers have them.
#pragma once

#include "engine/model/config.hpp"
#include "engine/model/keys.hpp"

namespace brim::model {

/// The sizes of the "ssm." keys: conv_kernel, inner_size, state_size, time_step_rank (heads) and group_count (heads of
/// keys).
Status read_state_space(const Keys& keys, Config& config);

/// Gives `mixer` to the layers that "attention.head_count_kv" says have no attention.
void mix_without_kv_heads(Config& config, const Mixer& mixer);

/// What Qwen3-Next and Qwen3.5 have in common: gated DeltaNet in the layers that "attention.recurrent_layers" names, or
/// in all but the last of every "full_attention_interval" layers; attention with gates in the others.
Status configure_delta_net(const Keys& keys, Config& config);

/// Refuses a file in which "rope.dimension_sections" would rotate the tokens of a text otherwise than without it: one
/// in which a pair of values follows the fourth, unused position (Qwen2-VL's multimodal rope, interleaved).
Status check_rope_sections(const Keys& keys, const Config& config);

}  // namespace brim::model

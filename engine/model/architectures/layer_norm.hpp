// What architectures with layer norms, in place of RMS norms, share.
#pragma once

#include "engine/base/result.hpp"
#include "engine/model/config.hpp"
#include "engine/model/keys.hpp"

namespace brim::model {

/// Layer norms with the epsilon of attention.layer_norm_epsilon. Errors: bad_file without that key.
Status use_layer_norm(const Keys& keys, Config& config);

/// A feed-forward without a gate, between layer norms, with the tanh form of GELU: what followed GPT-2.
Status use_gpt_layers(const Keys& keys, Config& config);

}  // namespace brim::model

// What loading does for latent attention (latent_attention.cpp) beyond finding tensors.
#pragma once

#include "engine/base/result.hpp"
#include "engine/io/gguf.hpp"
#include "engine/model/config.hpp"
#include "engine/model/weights.hpp"

namespace brim::model {

/// Of older files, in which each head's keys and values are in one tensor: reads and transposes the keys' matrices, as
/// floats (LayerWeights::unpacked_keys). Does nothing for other files. Errors: io.
Status unpack_latent_keys(const io::Gguf& file, const Config& config, Weights& weights);

}  // namespace brim::model

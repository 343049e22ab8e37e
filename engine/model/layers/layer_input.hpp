// What Gemma's E-models (Gemma 4 E2B and E4B) add to the stream behind each layer: a gated projection of an embedding
// of the token that only this layer has, and of its share of a projection of the token's common embedding.
#pragma once

#include <cstdint>

#include "engine/base/result.hpp"
#include "engine/kv/ids.hpp"
#include "engine/model/pass.hpp"
#include "engine/model/row_table.hpp"
#include "engine/model/tensor_finder.hpp"

namespace brim::model {

/// The weights of all layers, and the tensor of which rows are read (Weights::layer_embeddings). `used`: as of the
/// finders; the layers are in `weights` already. Errors: those of the finder.
Status read_layer_inputs(const io::Gguf& file, const Config& config, std::vector<bool>& used, Weights& weights);

/// Keeps for one row of a pass what add_layer_input needs: its embedding, which is the stream before the first layer,
/// and the token's row of `table`. Errors: io.
Status keep_layer_inputs(const Config& config, Workspace& work, const kernels::Table& kernels, const RowTable& table,
                         std::int64_t row, std::int32_t token);

/// Does nothing in models without embeddings for each layer.
void add_layer_input(const Pass& pass, kv::LayerId layer) noexcept;

}  // namespace brim::model

// A model's tensors by their place in the network. Matrices are views into the file's image (io/file_image.hpp), or
// into memory that repack.hpp moved them to; vectors (norms, biases) are unpacked copies. Every tensor's presence and
// shape is checked here, so that the decoder need not check.
#pragma once

#include <utility>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/io/gguf.hpp"
#include "engine/kv/ids.hpp"
#include "engine/model/config.hpp"
#include "engine/model/rope.hpp"
#include "quant/matrix.hpp"

namespace brim::model {

/// y = scale · W·x + bias; the bias is empty where the file has none.
struct Linear {
  quant::Matrix weight;
  std::vector<float> bias;
  float scale = 1.0f;
};

/// A norm's factors, one per value of a row, and what is added after them. Both are empty where nothing is normalised;
/// the bias is empty where the file has none.
struct Norm {
  Norm() = default;
  Norm(std::vector<float> factors) : weight(std::move(factors)) {}

  bool empty() const { return weight.empty(); }

  std::vector<float> weight, bias;
};

/// The same matrix of every expert, its bias, [experts][rows], and its scale, [experts], empty where the file has none.
struct ExpertMatrices {
  std::vector<quant::Matrix> each;
  std::vector<float> bias, scales;

  const quant::Matrix& of(int expert) const { return each[static_cast<std::size_t>(expert)]; }
  float scale_of(int expert) const { return scales.empty() ? 1.0f : scales[static_cast<std::size_t>(expert)]; }
  /// Of one expert, or null.
  const float* bias_of(int expert) const { return bias.empty() ? nullptr : bias.data() + expert * of(expert).rows; }
};

struct LayerWeights {
  Norm attention_norm;  ///< of the mixer's input
  Linear query, key, value, output;
  std::vector<float> query_norm, key_norm;  ///< [key_size] per head, or the whole row
  std::vector<float> sinks;                 ///< [heads] only with Config::attention_sinks
  Norm inner_attention_norm;                ///< of `output`'s input
  Norm post_attention_norm;                 ///< of its result
  // Latent attention: `key` projects to latent vector and rotated values, `query` from the vector of `latent_query`.
  Linear latent_query;  ///< only with LatentConfig::query_size
  Norm latent_query_norm, latent_norm;
  std::vector<quant::Matrix> latent_keys, latent_values;  ///< of each head: [latent][plain_size], [value_size][latent]
  quant::Matrix packed_keys;         ///< of older files: keys and values of all heads; empty once they are unpacked
  std::vector<float> unpacked_keys;  ///< in place of latent_keys: [head][latent][plain_size]
  // Layers with a state of fixed size.
  Linear mixer_input;    ///< what the convolution goes over; mamba2: also the gate and time steps
  Linear mixer_gate;     ///< delta_net: z
  Linear rates, decays;  ///< delta_net: beta and alpha, or both in `rates`
  Linear mixer_output;
  std::vector<float> taps;            ///< [tap][channel] of the convolution, the newest token's last
  std::vector<float> taps_bias;       ///< [channel], or empty
  std::vector<float> time_step_bias;  ///< [heads], as the following two
  std::vector<float> decay_factors;   ///< −e^A, below 0
  std::vector<float> skip;            ///< mamba2: D
  std::vector<float> mixer_norm;      ///< delta_net: [value_size]; mamba2: [inner], or empty
  Norm feed_forward_norm;
  Linear gate, up, down;                  ///< dense layers; plain ones have no gate
  Linear router;                          ///< expert layers: [experts][embedding]
  std::vector<float> router_choice_bias;  ///< [experts] is added to scores for the choice alone; may be empty
  ExpertMatrices expert_gate, expert_up, expert_down;
  Linear shared_gate, shared_up, shared_down;  ///< of the experts that every token uses
  Linear shared_router;                        ///< [1][embedding] how much they count; empty: fully
  Norm inner_feed_forward_norm;                ///< of `down`'s input
  Norm post_feed_forward_norm;
  // Only with FeedForward::dense_and_experts.
  Norm router_norm, expert_norm;           ///< of the inputs of router and experts
  Norm post_dense_norm, post_expert_norm;  ///< of the two results
  // Only with Config::layer_embedding (layer_input.hpp).
  Linear input_gate, input_projection, input_output;
  Norm input_norm;
  float output_scale = 1.0f;  ///< multiplies the stream behind the layer
};

struct Weights {
  quant::Matrix token_embedding;  ///< [vocabulary][embedding]
  Norm output_norm;
  quant::Matrix output;       ///< the embedding again when tied
  float output_scale = 1.0f;  ///< multiplies the products of `output`, before the bias
  std::vector<float> output_bias;
  std::vector<LayerWeights> layers;
  const LayerWeights& layer(kv::LayerId id) const { return layers[kv::index_of(id)]; }
  RopeFactors rope_factors;
  Norm layer_embedding_norm;  ///< only with Config::layer_embedding

  // From the file, and empty once that is closed: the tensors above, and those that belong to something else than the
  // text model.
  std::vector<const io::Tensor*> tensors, skipped;
  const io::Tensor* layer_embeddings = nullptr;  ///< one of `tensors`, which is read by the row (row_table.hpp)

  /// Bytes of `tensors` in the file.
  std::int64_t file_bytes() const;
};

/// Finds and checks every tensor, and reads the vectors. Errors: bad_file naming file, tensor, expected and found
/// shape; io; unsupported, naming it, for a tensor that is neither used nor known to belong to something else, and for
/// a scaling of rotary positions whose factors are missing.
Result<Weights> read_weights(const io::Gguf& file, const Config& config);

}  // namespace brim::model

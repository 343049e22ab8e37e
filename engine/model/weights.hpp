// A model's tensors by their place in the network. Matrices are views into the file's image (io/file_image.hpp), or
// into memory that repack.hpp moved them to; vectors (norms, biases) are unpacked copies. Every tensor's presence and
// shape is checked here, so that the decoder need not check.
#pragma once

#include <vector>

#include "engine/base/result.hpp"
#include "engine/io/gguf.hpp"
#include "engine/kv/ids.hpp"
#include "engine/model/config.hpp"
#include "engine/model/rope.hpp"
#include "quant/matrix.hpp"

namespace brim::model {

/// y = W·x + bias; the bias is empty where the file has none.
struct Linear {
  quant::Matrix weight;
  std::vector<float> bias;
};

/// The same matrix of every expert.
struct ExpertMatrices {
  std::vector<quant::Matrix> each;

  const quant::Matrix& of(int expert) const { return each[static_cast<std::size_t>(expert)]; }
};

struct LayerWeights {
  std::vector<float> attention_norm;
  Linear query, key, value, output;
  std::vector<float> query_norm, key_norm;  ///< [key_size] per head, or the whole row
  std::vector<float> post_attention_norm;   ///< only with Config::post_norms
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
  std::vector<float> feed_forward_norm;
  Linear gate, up, down;                  ///< dense layers
  Linear router;                          ///< expert layers: [experts][embedding]
  std::vector<float> router_choice_bias;  ///< [experts] is added to scores for the choice alone; may be empty
  ExpertMatrices expert_gate, expert_up, expert_down;
  Linear shared_gate, shared_up, shared_down;  ///< of the experts that every token uses
  Linear shared_router;                        ///< [1][embedding] how much they count; empty: fully
  std::vector<float> post_feed_forward_norm;
};

struct Weights {
  quant::Matrix token_embedding;  ///< [vocabulary][embedding]
  std::vector<float> output_norm;
  quant::Matrix output;  ///< the embedding again when tied
  std::vector<LayerWeights> layers;
  const LayerWeights& layer(kv::LayerId id) const { return layers[kv::index_of(id)]; }
  RopeFactors rope_factors;

  // From the file, and empty once that is closed: the tensors above, and those that belong to something else than the
  // text model.
  std::vector<const io::Tensor*> tensors, skipped;

  /// Bytes of `tensors` in the file.
  std::int64_t file_bytes() const;
};

/// Finds and checks every tensor, and reads the vectors. Errors: bad_file naming file, tensor, expected and found
/// shape; io; unsupported, naming it, for a tensor that is neither used nor known to belong to something else, and for
/// a scaling of rotary positions whose factors are missing.
Result<Weights> read_weights(const io::Gguf& file, const Config& config);

}  // namespace brim::model

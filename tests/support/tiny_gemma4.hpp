// A tiny model with random weights of the kind of Gemma 4's E-models: five layers, of which the last two attend to the
// entries of the second (which sees everything) and the third (which has a window), and embeddings for each layer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/tiny_model.hpp"

namespace brim::test {

inline constexpr std::int64_t kTinyVocabulary = 392;  ///< tokens of every tiny model without a long one

/// `input`: values of each layer's embedding of a token.
inline TinyModel tiny_gemma4(std::int64_t input = 8) {
  constexpr std::int64_t kWidth = 64, kHead = 16, kLayers = 5;
  TinyModel tiny;
  tiny.architecture = "gemma4";
  tiny.layers = kLayers;
  tiny.further.push_back({"per_layer_token_embd.weight", {kLayers * input, kTinyVocabulary}, 1, true});
  tiny.further.push_back({"per_layer_model_proj.weight", {kWidth, kLayers * input}, 1, true});
  tiny.further.push_back({"per_layer_proj_norm.weight", {input}, 1});
  for (std::int64_t layer = 0; layer < kLayers; ++layer) {
    const std::string block = "blk." + std::to_string(layer) + ".";
    tiny.further.push_back({block + "attn_q_norm.weight", {kHead}, 1});
    if (layer < 3) tiny.further.push_back({block + "attn_k_norm.weight", {kHead}, 1});
    tiny.further.push_back({block + "post_attention_norm.weight", {kWidth}, 1});
    tiny.further.push_back({block + "post_ffw_norm.weight", {kWidth}, 1});
    tiny.further.push_back({block + "inp_gate.weight", {kWidth, input}, 1, true});
    tiny.further.push_back({block + "proj.weight", {input, kWidth}, 1, true});
    tiny.further.push_back({block + "post_norm.weight", {kWidth}, 1});
    tiny.further.push_back({block + "layer_output_scale.weight", {1}, 0.75f});
  }
  tiny.leaves_out = [](const std::string& name) {
    const bool shares = name.starts_with("blk.3.") || name.starts_with("blk.4.");
    const bool value = name.ends_with("attn_v.weight");
    return (shares && (value || name.ends_with("attn_k.weight"))) || (value && name.starts_with("blk.1."));
  };
  tiny.change = [input](io::GgufWriter& writer) {
    writer.set_u32("gemma4.attention.sliding_window", 24);
    writer.set_i32s("gemma4.attention.sliding_window_pattern", std::vector<std::int32_t>{1, 0, 1, 1, 0});
    writer.set_u32("gemma4.attention.shared_kv_layers", 2);
    writer.set_u32("gemma4.embedding_length_per_layer_input", static_cast<std::uint32_t>(input));
    writer.set_f32("gemma4.final_logit_softcapping", 30.0f);
  };
  return tiny;
}

}  // namespace brim::test

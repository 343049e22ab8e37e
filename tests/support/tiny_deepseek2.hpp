// A tiny model with random weights and latent attention: four heads, latent vectors of 32 values with 16 rotated ones,
// one dense layer, then two of experts. Older files have keys and values in one tensor.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/tiny_model.hpp"

namespace brim::test {

inline TinyModel tiny_deepseek2(bool older = false) {
  constexpr std::int64_t kWidth = 64, kHeads = 4, kLatent = 32, kRotated = 16, kPlain = 12, kValue = 20, kExpert = 16;
  TinyModel tiny;
  tiny.architecture = "deepseek2";
  for (std::int64_t layer = 0; layer < tiny.layers; ++layer) {
    const std::string block = "blk." + std::to_string(layer) + ".";
    tiny.further.push_back({block + "attn_q.weight", {kWidth, kHeads * (kPlain + kRotated)}, 1, true});
    tiny.further.push_back({block + "attn_kv_a_mqa.weight", {kWidth, kLatent + kRotated}, 1, true});
    tiny.further.push_back({block + "attn_kv_a_norm.weight", {kLatent}, 1});
    if (older) {
      tiny.further.push_back({block + "attn_kv_b.weight", {kLatent, kHeads * (kPlain + kValue)}, 1, true});
    } else {
      tiny.further.push_back({block + "attn_k_b.weight", {kPlain, kLatent, kHeads}, 1, true});
      tiny.further.push_back({block + "attn_v_b.weight", {kLatent, kValue, kHeads}, 1, true});
    }
    tiny.further.push_back({block + "attn_output.weight", {kHeads * kValue, kWidth}, 1, true});
    if (layer == 0) continue;
    tiny.further.push_back({block + "ffn_gate_inp.weight", {kWidth, 4}, 1, true});
    tiny.further.push_back({block + "exp_probs_b.bias", {4}, 0.1f, true});
    tiny.further.push_back({block + "ffn_gate_exps.weight", {kWidth, kExpert, 4}, 1, true});
    tiny.further.push_back({block + "ffn_up_exps.weight", {kWidth, kExpert, 4}, 1, true});
    tiny.further.push_back({block + "ffn_down_exps.weight", {kExpert, kWidth, 4}, 1, true});
  }
  tiny.leaves_out = [](const std::string& name) {
    const bool attention = name.find(".attn_") != std::string::npos && !name.ends_with("attn_norm.weight");
    const bool dense = name.find(".ffn_") != std::string::npos && !name.ends_with("ffn_norm.weight");
    return attention || (dense && !name.starts_with("blk.0."));
  };
  tiny.change = [older](io::GgufWriter& writer) {
    const std::string prefix = "deepseek2.attention.";
    writer.set_u32(prefix + "kv_lora_rank", kLatent);
    writer.set_u32(prefix + (older ? "key_length" : "key_length_mla"), kPlain + kRotated);
    writer.set_u32(prefix + (older ? "value_length" : "value_length_mla"), kValue);
    writer.set_u32("deepseek2.rope.dimension_count", kRotated);
    writer.set_u32("deepseek2.leading_dense_block_count", 1);
    writer.set_u32("deepseek2.expert_count", 4);
    writer.set_u32("deepseek2.expert_used_count", 2);
    writer.set_u32("deepseek2.expert_feed_forward_length", kExpert);
    writer.set_u32("deepseek2.expert_gating_func", 2);
    writer.set_bool("deepseek2.expert_weights_norm", true);
  };
  return tiny;
}

}  // namespace brim::test

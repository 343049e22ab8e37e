// Tiny models with random weights whose layers keep a state of fixed size: one for each kind of state, with a layer of
// attention between two of that kind, or beside it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/tiny_model.hpp"

namespace brim::test {

/// The architectures that tiny_recurrent() knows.
inline constexpr const char* kTinyRecurrent[] = {"lfm2", "qwen35", "granitehybrid", "falcon-h1"};

namespace tiny_recurrent_details {

using Tensors = std::vector<TinyModel::Tensor>;
inline constexpr std::int64_t kWidth = 64, kHeads = 6, kKeyHeads = 2, kStateSize = 12, kInner = 120, kTaps = 4;
inline constexpr std::int64_t kChannels = kInner + 2 * kKeyHeads * kStateSize;

inline void add_short_conv(const std::string& block, Tensors& tensors) {
  tensors.push_back({block + "shortconv.in_proj.weight", {kWidth, 3 * kWidth}, 1, true});
  tensors.push_back({block + "shortconv.conv.weight", {3, kWidth}, 1, true});
  tensors.push_back({block + "shortconv.out_proj.weight", {kWidth, kWidth}, 1, true});
}

/// What gated DeltaNet and Mamba-2 have in common. Decays are about e^-0.7.
inline void add_state_space(const std::string& block, Tensors& tensors) {
  tensors.push_back({block + "ssm_conv1d.weight", {kTaps, kChannels}, 1, true});
  tensors.push_back({block + "ssm_dt.bias", {kHeads}, 0.5f, true});
  tensors.push_back({block + "ssm_out.weight", {kInner, kWidth}, 1, true});
}

inline void add_delta_net(const std::string& block, Tensors& tensors) {
  add_state_space(block, tensors);
  tensors.push_back({block + "ssm_a", {kHeads}, -0.5f});
  tensors.push_back({block + "attn_qkv.weight", {kWidth, kChannels}, 1, true});
  tensors.push_back({block + "attn_gate.weight", {kWidth, kInner}, 1, true});
  tensors.push_back({block + "ssm_beta.weight", {kWidth, kHeads}, 1, true});
  tensors.push_back({block + "ssm_alpha.weight", {kWidth, kHeads}, 1, true});
  tensors.push_back({block + "ssm_norm.weight", {kInner / kHeads}, 1});
}

inline void add_mamba2(const std::string& block, bool norm, Tensors& tensors) {
  add_state_space(block, tensors);
  tensors.push_back({block + "ssm_a", {1, kHeads}, -0.5f});
  tensors.push_back({block + "ssm_d", {1, kHeads}, 0.3f});
  tensors.push_back({block + "ssm_in.weight", {kWidth, kInner + kChannels + kHeads}, 1, true});
  tensors.push_back({block + "ssm_conv1d.bias", {kChannels}, 0.5f, true});
  if (norm) tensors.push_back({block + "ssm_norm.weight", {kInner / kKeyHeads, kKeyHeads}, 1});
}

}  // namespace tiny_recurrent_details

/// A model of three layers: the second is attention, or, for falcon-h1, every layer is both.
inline TinyModel tiny_recurrent(const std::string& architecture) {
  using namespace tiny_recurrent_details;
  TinyModel tiny;
  tiny.architecture = architecture;
  const bool both = architecture == "falcon-h1", heads_normed = architecture == "lfm2" || architecture == "qwen35";
  for (const std::string block : {"blk.0.", "blk.1.", "blk.2."}) {
    if (block == "blk.1." && heads_normed) {
      tiny.further.push_back({block + "attn_q_norm.weight", {16}, 1});
      tiny.further.push_back({block + "attn_k_norm.weight", {16}, 1});
      if (architecture == "qwen35") tiny.further.push_back({block + "attn_q.weight", {kWidth, 2 * kWidth}, 1, true});
    }
    if (architecture == "qwen35") tiny.further.push_back({block + "post_attention_norm.weight", {kWidth}, 1});
    if (both) tiny.further.push_back({block + "ffn_norm", {kWidth}, 1});
    if (block == "blk.1." && !both) continue;
    if (architecture == "lfm2") add_short_conv(block, tiny.further);
    if (architecture == "qwen35") add_delta_net(block, tiny.further);
    if (architecture == "granitehybrid" || both) add_mamba2(block, !both, tiny.further);
  }
  if (architecture == "lfm2") tiny.further.push_back({"token_embd_norm.weight", {kWidth}, 1});
  tiny.leaves_out = [architecture, both](const std::string& name) {
    if (architecture == "lfm2" && name == "output_norm.weight") return true;
    if (architecture == "qwen35" && (name == "blk.1.attn_q.weight" || name.ends_with("ffn_norm.weight"))) return true;
    if (both) return name.ends_with("ffn_norm.weight");
    const bool attention = name.find(".attn_") != std::string::npos && !name.ends_with("attn_norm.weight");
    return attention && !name.starts_with("blk.1.");
  };
  tiny.change = [architecture, both](io::GgufWriter& writer) {
    const std::string prefix = architecture + ".";
    if (!both) writer.set_i32s(prefix + "attention.head_count_kv", std::vector<std::int32_t>{0, 2, 0});
    if (architecture == "lfm2") return writer.set_u32(prefix + "shortconv.l_cache", 3);
    if (architecture == "qwen35") writer.set_u32(prefix + "full_attention_interval", 2);
    writer.set_u32(prefix + "ssm.conv_kernel", kTaps);
    writer.set_u32(prefix + "ssm.inner_size", kInner);
    writer.set_u32(prefix + "ssm.state_size", kStateSize);
    writer.set_u32(prefix + "ssm.time_step_rank", kHeads);
    writer.set_u32(prefix + "ssm.group_count", kKeyHeads);
  };
  return tiny;
}

}  // namespace brim::test

// The tensors of one layer, of any kind (see shape.hpp). Names and shapes are those that llama.cpp's converter writes.
#include <cmath>

#include "bench/synth_model/shape.hpp"

namespace brim::bench {

float spread(std::int64_t inputs) { return static_cast<float>(1 / std::sqrt(static_cast<double>(inputs))); }

TensorList::TensorList(const Shape& shape) : shape_(shape), residual_(spread(2 * shape.layers)) {}

void TensorList::matrix(std::string name, std::int64_t inputs, std::int64_t outputs, float deviation) {
  plans_.push_back({std::move(name), {inputs, outputs}, 0, deviation, 0, {}});
}

void TensorList::vector(std::string name, std::int64_t size, float mean, float deviation) {
  plans_.push_back({std::move(name), {size}, mean, deviation, 0, {}});
}

void TensorList::exact_matrix(std::string name, std::int64_t inputs, std::int64_t outputs, float deviation) {
  matrix(std::move(name), inputs, outputs, deviation);
  plans_.back().format = quant::Format::f32;
}

void TensorList::layer(int number) {
  const std::string block = "blk." + std::to_string(number) + ".";
  norm(block + "attn_norm.weight", shape_.width);
  switch (shape_.layer(number)) {
    case 'c':
      short_conv(block);
      break;
    case 'd':
      delta_net(block);
      break;
    case 'm':
      mamba2(block);
      break;
    default:
      attention(block, number);
  }
  feed_forward(block, number);
  if (shape_.parts.layer_embedding > 0) layer_input(block);
}

void TensorList::attention(const std::string& block, int number) {
  const std::int64_t width = shape_.width, head = shape_.head_size_of(number);
  const std::int64_t query_width = shape_.heads * head, value_width = shape_.kv_heads * head;
  const bool keeps_entries = !shape_.shares_entries(number), biased = is("qwen2") || is("gpt-oss");
  // The second half of each query is a gate.
  matrix(block + "attn_q.weight", width, is("qwen35") ? 2 * query_width : query_width, spread(width));
  if (keeps_entries) {
    matrix(block + "attn_k.weight", width, value_width, spread(width));
    matrix(block + "attn_v.weight", width, value_width, spread(width));
  }
  if (biased) {
    vector(block + "attn_q.bias", query_width, 0, 0.3f);
    vector(block + "attn_k.bias", value_width, 0, 0.3f);
    vector(block + "attn_v.bias", value_width, 0, 0.3f);
  }
  if (is("qwen3") || is("qwen3moe") || is("qwen35") || is("lfm2") || is("gemma4")) {
    norm(block + "attn_q_norm.weight", head);
    if (keeps_entries) norm(block + "attn_k_norm.weight", head);
  }
  matrix(block + "attn_output.weight", query_width, width, spread(query_width) * residual_);
  if (!is("gpt-oss")) return;
  vector(block + "attn_output.bias", width, 0, 0.3f * residual_);
  vector(block + "attn_sinks.weight", shape_.heads, 0, 1);
}

void TensorList::short_conv(const std::string& block) {
  const std::int64_t width = shape_.width;
  matrix(block + "shortconv.in_proj.weight", width, 3 * width, spread(width));
  exact_matrix(block + "shortconv.conv.weight", shape_.parts.taps, width, spread(shape_.parts.taps));
  matrix(block + "shortconv.out_proj.weight", width, width, spread(width) * residual_);
}

// What gated DeltaNet and Mamba-2 have in common.
void TensorList::state_space(const std::string& block, std::int64_t channels) {
  const Parts& parts = shape_.parts;
  exact_matrix(block + "ssm_conv1d.weight", parts.taps, channels, spread(parts.taps));
  vector(block + "ssm_dt.bias", parts.state_heads, 0, 0.5f);
  matrix(block + "ssm_out.weight", parts.inner, shape_.width, spread(parts.inner) * residual_);
}

void TensorList::delta_net(const std::string& block) {
  const Parts& parts = shape_.parts;
  const std::int64_t width = shape_.width, heads = parts.state_heads;
  const std::int64_t channels = parts.inner + 2 * parts.state_groups * parts.state_size;
  matrix(block + "attn_qkv.weight", width, channels, spread(width));
  matrix(block + "attn_gate.weight", width, parts.inner, spread(width));
  matrix(block + "ssm_beta.weight", width, heads, spread(width));
  matrix(block + "ssm_alpha.weight", width, heads, spread(width));
  state_space(block, channels);
  vector(block + "ssm_a", heads, -0.5f, 0);
  norm(block + "ssm_norm.weight", parts.inner / heads);
}

void TensorList::mamba2(const std::string& block) {
  const Parts& parts = shape_.parts;
  const std::int64_t width = shape_.width, heads = parts.state_heads;
  const std::int64_t channels = parts.inner + 2 * parts.state_groups * parts.state_size;
  matrix(block + "ssm_in.weight", width, parts.inner + channels + heads, spread(width));
  state_space(block, channels);
  vector(block + "ssm_conv1d.bias", channels, 0, 0.1f);
  for (const auto& [name, value] : {std::pair{"ssm_a", -0.5f}, {"ssm_d", 1.0f}}) {
    exact_matrix(block + name, 1, heads, 0);
    plans_.back().exact.assign(static_cast<std::size_t>(heads), value);
  }
  norm(block + "ssm_norm.weight", parts.inner);
}

void TensorList::feed_forward(const std::string& block, int number) {
  const std::int64_t width = shape_.width, inner = shape_.width_of_feed_forward(number);
  // SiLU(gate)·up of two unit normals has mean square 0.36: the factor brings it back to 1.
  constexpr float kGated = 1 / 0.6f;
  const bool between = is("qwen35") || is("gpt-oss");  // the norm has the name of what lies between
  if (is("gemma4")) norm(block + "post_attention_norm.weight", width);
  norm(block + (between ? "post_attention_norm.weight" : "ffn_norm.weight"), width);
  if (shape_.parts.experts > 0) {
    experts(block);
  } else {
    matrix(block + "ffn_gate.weight", width, inner, spread(width));
    matrix(block + "ffn_up.weight", width, inner, spread(width));
    matrix(block + "ffn_down.weight", inner, width, spread(inner) * residual_ * kGated);
  }
  if (is("gemma4")) norm(block + "post_ffw_norm.weight", width);
}

void TensorList::expert_matrix(const std::string& name, std::int64_t inputs, std::int64_t outputs, float deviation) {
  const std::int64_t count = shape_.parts.experts;
  matrix(name + ".weight", inputs, outputs, deviation);
  plans_.back().shape.push_back(count);
  if (!is("gpt-oss")) return;
  plans_.back().format = quant::Format::mxfp4;  // as the model was trained, whatever the rest is
  exact_matrix(name + ".bias", outputs, count, 0.1f);
}

void TensorList::experts(const std::string& block) {
  const std::int64_t width = shape_.width, inner = shape_.parts.expert_width;
  exact_matrix(block + "ffn_gate_inp.weight", width, shape_.parts.experts, spread(width));
  if (is("gpt-oss")) vector(block + "ffn_gate_inp.bias", shape_.parts.experts, 0, 0.1f);
  expert_matrix(block + "ffn_gate_exps", width, inner, spread(width));
  expert_matrix(block + "ffn_up_exps", width, inner, spread(width));
  expert_matrix(block + "ffn_down_exps", inner, width, spread(inner) * residual_);
}

void TensorList::layer_input(const std::string& block) {
  const std::int64_t width = shape_.width, inner = shape_.parts.layer_embedding;
  matrix(block + "inp_gate.weight", width, inner, spread(width));
  matrix(block + "proj.weight", inner, width, spread(inner) * residual_);
  norm(block + "post_norm.weight", width);
  vector(block + "layer_output_scale.weight", 1, 1, 0);
}

}  // namespace brim::bench

// The keys of what is not attention and a dense feed-forward in every layer (see shape.hpp), with the values that the
// published models have and Shape does not.
#include <memory>
#include <string>
#include <vector>

#include "bench/synth_model/shape.hpp"

namespace brim::bench {
namespace {

/// Sets keys of one architecture.
class Keys {
 public:
  Keys(const Shape& shape, io::GgufWriter& writer) : prefix_(std::string(shape.architecture) + "."), writer_(writer) {}
  void set(const char* key, int value) { writer_.set_u32(prefix_ + key, static_cast<std::uint32_t>(value)); }
  void set(const char* key, float value) { writer_.set_f32(prefix_ + key, value); }
  void set(const char* key, std::string_view value) { writer_.set_string(prefix_ + key, value); }
  void set(const char* key, const std::vector<std::int32_t>& values) { writer_.set_i32s(prefix_ + key, values); }
  void flag(const char* key, bool value) { writer_.set_bool(prefix_ + key, value); }
  void flags(const char* key, std::span<const bool> values) { writer_.set_bools(prefix_ + key, values); }

 private:
  std::string prefix_;
  io::GgufWriter& writer_;
};

void describe_gemma4(const Shape& shape, Keys& keys) {
  const auto layers = static_cast<std::size_t>(shape.layers);
  const std::unique_ptr<bool[]> windowed(new bool[layers]);
  for (std::size_t layer = 0; layer < layers; ++layer) windowed[layer] = shape.layer(static_cast<int>(layer)) == 'w';
  keys.set("attention.key_length_swa", shape.parts.window_head_size);
  keys.set("attention.value_length_swa", shape.parts.window_head_size);
  keys.set("rope.freq_base_swa", 10000.0f);
  keys.set("rope.dimension_count_swa", shape.parts.window_head_size);
  keys.flags("attention.sliding_window_pattern", {windowed.get(), layers});
  keys.set("attention.shared_kv_layers", shape.parts.shared_layers);
  keys.set("embedding_length_per_layer_input", shape.parts.layer_embedding);
  keys.set("final_logit_softcapping", 30.0f);
}

void describe_gpt_oss(Keys& keys) {
  keys.set("rope.scaling.type", std::string_view("yarn"));
  keys.set("rope.scaling.factor", 32.0f);
  keys.set("rope.scaling.original_context_length", 4096);
}

void describe_granite(Keys& keys) {
  keys.flag("rope.scaling.finetuned", false);  // no layer rotates
  keys.set("embedding_scale", 12.0f);
  keys.set("residual_scale", 0.22f);
  keys.set("attention.scale", 0.0078125f);
  keys.set("logit_scale", 6.0f);
}

}  // namespace

void describe_kinds(const Shape& shape, io::GgufWriter& writer) {
  const Parts& parts = shape.parts;
  Keys keys(shape, writer);
  if (parts.window > 0) keys.set("attention.sliding_window", parts.window);
  if (parts.experts > 0) {
    keys.set("expert_count", parts.experts);
    keys.set("expert_used_count", parts.used_experts);
    keys.set("expert_feed_forward_length", parts.expert_width);
  }
  if (parts.inner > 0) {
    keys.set("ssm.conv_kernel", parts.taps);
    keys.set("ssm.inner_size", parts.inner);
    keys.set("ssm.state_size", parts.state_size);
    keys.set("ssm.time_step_rank", parts.state_heads);
    keys.set("ssm.group_count", parts.state_groups);
  }
  if (shape.architecture == "lfm2") keys.set("shortconv.l_cache", parts.taps);
  if (shape.architecture == "qwen35") {
    keys.set("full_attention_interval", static_cast<int>(parts.layers.size()));
    keys.set("rope.dimension_sections", std::vector<std::int32_t>{11, 11, 10, 0});
  }
  if (shape.architecture == "gemma4") describe_gemma4(shape, keys);
  if (shape.architecture == "gpt-oss") describe_gpt_oss(keys);
  if (shape.architecture == "granitehybrid") describe_granite(keys);
}

}  // namespace brim::bench

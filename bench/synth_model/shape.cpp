// See shape.hpp.
#include "bench/synth_model/shape.hpp"

#include <cmath>
#include <numbers>

namespace brim::bench {
namespace {

constexpr Shape kShapes[] = {
#define SHAPE(name, architecture, family, ...) {name, architecture, VocabularyFamily::family, __VA_ARGS__},
#include "bench/synth_model/shapes.def"
#undef SHAPE
};

/// The divisors by which Llama 3.x reduces each rotation frequency to reach beyond the 8192 tokens it was first trained
/// on: 1 for short waves, the factor for long ones, a blend in between (published with the models' configuration).
std::vector<float> rope_divisors(const Shape& shape) {
  constexpr double kTrained = 8192, kShort = 4, kLong = 1;
  std::vector<float> divisors;
  for (int i = 0; i < shape.head_size / 2; ++i) {
    const double wave = 2 * std::numbers::pi * std::pow(double{shape.rope_base}, 2.0 * i / shape.head_size);
    const double blend = (kTrained / wave - kLong) / (kShort - kLong);
    double divisor = 1.0 / ((1 - blend) / shape.rope_factor + blend);
    if (wave < kTrained / kShort) divisor = 1;
    if (wave > kTrained / kLong) divisor = shape.rope_factor;
    divisors.push_back(static_cast<float>(divisor));
  }
  return divisors;
}

}  // namespace

std::span<const Shape> shapes() { return kShapes; }

const Shape* find_shape(std::string_view name) {
  for (const Shape& shape : kShapes) {
    if (shape.name == name) return &shape;
  }
  return nullptr;
}

std::vector<TensorPlan> tensors_of(const Shape& shape, int specials) {
  const std::int64_t width = shape.width, feed_forward = shape.feed_forward, vocabulary = shape.vocabulary;
  const std::int64_t query_width = std::int64_t{shape.heads} * shape.head_size;
  const std::int64_t value_width = std::int64_t{shape.kv_heads} * shape.head_size;
  const auto spread = [](std::int64_t inputs) {
    return static_cast<float>(1 / std::sqrt(static_cast<double>(inputs)));
  };
  const float residual = spread(2 * shape.layers);
  // SiLU(gate)·up of two unit normals has mean square 0.36: the factor brings it back to 1.
  const float gated = 1 / 0.6f;

  std::vector<TensorPlan> plans;
  const auto matrix = [&](std::string name, std::int64_t inputs, std::int64_t outputs, float deviation) {
    plans.push_back({std::move(name), {inputs, outputs}, 0, deviation, 0, {}});
  };
  const auto vector = [&](std::string name, std::int64_t size, float mean, float deviation) {
    plans.push_back({std::move(name), {size}, mean, deviation, 0, {}});
  };
  matrix("token_embd.weight", width, vocabulary, spread(width));
  plans.back().quiet_rows = specials;
  for (int layer = 0; layer < shape.layers; ++layer) {
    const std::string block = "blk." + std::to_string(layer) + ".";
    vector(block + "attn_norm.weight", width, 1, 0.1f);
    matrix(block + "attn_q.weight", width, query_width, spread(width));
    matrix(block + "attn_k.weight", width, value_width, spread(width));
    matrix(block + "attn_v.weight", width, value_width, spread(width));
    if (shape.architecture == "qwen2") {
      vector(block + "attn_q.bias", query_width, 0, 0.3f);
      vector(block + "attn_k.bias", value_width, 0, 0.3f);
      vector(block + "attn_v.bias", value_width, 0, 0.3f);
    }
    if (shape.architecture == "qwen3") {
      vector(block + "attn_q_norm.weight", shape.head_size, 1, 0.1f);
      vector(block + "attn_k_norm.weight", shape.head_size, 1, 0.1f);
    }
    matrix(block + "attn_output.weight", query_width, width, spread(query_width) * residual);
    vector(block + "ffn_norm.weight", width, 1, 0.1f);
    matrix(block + "ffn_gate.weight", width, feed_forward, spread(width));
    matrix(block + "ffn_up.weight", width, feed_forward, spread(width));
    matrix(block + "ffn_down.weight", feed_forward, width, spread(feed_forward) * residual * gated);
  }
  vector("output_norm.weight", width, 2, 0.1f);
  if (!shape.tied) {
    matrix("output.weight", width, vocabulary, spread(width));
    plans.back().quiet_rows = specials;
  }
  if (shape.rope_factor > 0)
    plans.push_back({"rope_freqs.weight", {shape.head_size / 2}, 0, 0, 0, rope_divisors(shape)});
  return plans;
}

void describe_shape(const Shape& shape, io::GgufWriter& writer) {
  const std::string prefix = std::string(shape.architecture) + ".";
  const auto set = [&](const char* key, int value) { writer.set_u32(prefix + key, static_cast<std::uint32_t>(value)); };
  writer.set_string("general.architecture", shape.architecture);
  writer.set_string("general.type", "model");
  writer.set_string("general.name", std::string(shape.name) + " shape, random weights");
  set("block_count", shape.layers);
  set("context_length", shape.context);
  set("embedding_length", shape.width);
  set("feed_forward_length", shape.feed_forward);
  set("attention.head_count", shape.heads);
  set("attention.head_count_kv", shape.kv_heads);
  set("attention.key_length", shape.head_size);
  set("attention.value_length", shape.head_size);
  set("rope.dimension_count", shape.head_size);
  set("vocab_size", shape.vocabulary);
  writer.set_f32(prefix + "rope.freq_base", shape.rope_base);
  writer.set_f32(prefix + "attention.layer_norm_rms_epsilon", shape.epsilon);
}

}  // namespace brim::bench

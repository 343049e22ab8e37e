// See shape.hpp.
#include "bench/synth_model/shape.hpp"

#include <algorithm>
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
  if (shape.architecture == "gemma4") {  // a quarter of each head is rotated, where there is no window
    std::vector<float> quarter(static_cast<std::size_t>(shape.head_size / 2), 1e30f);
    std::fill_n(quarter.begin(), shape.head_size / 8, 1.0f);
    return quarter;
  }
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

/// KV heads by layer where some have no attention, and widths of feed-forwards where they differ.
void describe_heads(const Shape& shape, const std::string& prefix, io::GgufWriter& writer) {
  std::vector<std::int32_t> heads, widths;
  bool mixed = false;
  for (int layer = 0; layer < shape.layers; ++layer) {
    heads.push_back(shape.has_attention(layer) ? shape.kv_heads : 0);
    mixed = mixed || heads.back() == 0;
    widths.push_back(shape.width_of_feed_forward(layer));
  }
  // Where attention is among DeltaNet layers, an interval says.
  if (mixed && shape.architecture != "qwen35") {
    writer.set_i32s(prefix + "attention.head_count_kv", heads);
  } else {
    writer.set_u32(prefix + "attention.head_count_kv", static_cast<std::uint32_t>(shape.kv_heads));
  }
  if (shape.parts.shared_layers > 0) writer.set_i32s(prefix + "feed_forward_length", widths);
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
  const std::int64_t width = shape.width, vocabulary = shape.vocabulary;
  TensorList list(shape);
  list.matrix("token_embd.weight", width, vocabulary, spread(width));
  list.plans().back().quiet_rows = specials;
  if (const std::int64_t own = shape.parts.layer_embedding; own > 0) {
    list.matrix("per_layer_token_embd.weight", own * shape.layers, vocabulary, spread(width));
    list.matrix("per_layer_model_proj.weight", width, own * shape.layers, spread(width));
    list.vector("per_layer_proj_norm.weight", own, 1, 0.1f);
  }
  for (int layer = 0; layer < shape.layers; ++layer) list.layer(layer);
  list.vector(shape.architecture == "lfm2" ? "token_embd_norm.weight" : "output_norm.weight", width, 2, 0.1f);
  if (!shape.tied) {
    list.matrix("output.weight", width, vocabulary, spread(width));
    list.plans().back().quiet_rows = specials;
  }
  if (shape.rope_factor > 0)
    list.plans().push_back({"rope_freqs.weight", {shape.head_size / 2}, 0, 0, 0, rope_divisors(shape)});
  return std::move(list.plans());
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
  if (shape.feed_forward > 0 && shape.parts.shared_layers == 0) set("feed_forward_length", shape.feed_forward);
  set("attention.head_count", shape.heads);
  describe_heads(shape, prefix, writer);
  set("attention.key_length", shape.head_size);
  set("attention.value_length", shape.head_size);
  set("rope.dimension_count", shape.parts.rotated > 0 ? shape.parts.rotated : shape.head_size);
  set("vocab_size", shape.vocabulary);
  writer.set_f32(prefix + "rope.freq_base", shape.rope_base);
  writer.set_f32(prefix + "attention.layer_norm_rms_epsilon", shape.epsilon);
  describe_kinds(shape, writer);
}

}  // namespace brim::bench

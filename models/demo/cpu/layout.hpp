// Where each tensor lies in the flat array of parameters: the same order as model_config.py writes and reads.
// Matrices are [outputs][inputs]; q, k, v are one matrix, gate and up another.
#pragma once
#include <cstddef>

namespace demo {

struct Layout {
  struct Layer {
    size_t gain1, qkv, o, gain2, both, down;
  };
  size_t layers, d, heads, kv_heads, f, vocabulary, qkv, embedding, gain, total;

  Layout(size_t layer_count, size_t width, size_t head_count, size_t kv_head_count, size_t inner, size_t tokens)
      : layers(layer_count), d(width), heads(head_count), kv_heads(kv_head_count), f(inner), vocabulary(tokens),
        qkv((heads + 2 * kv_heads) * (d / heads)), embedding(0), gain(vocabulary * d + layers * layer_size()),
        total(gain + d) {}

  size_t layer_size() const { return 2 * d + qkv * d + d * d + 3 * f * d; }
  Layer at(size_t i) const {
    Layer layer{};
    layer.gain1 = vocabulary * d + i * layer_size();
    layer.qkv = layer.gain1 + d;
    layer.o = layer.qkv + qkv * d;
    layer.gain2 = layer.o + d * d;
    layer.both = layer.gain2 + d;
    layer.down = layer.both + 2 * f * d;
    return layer;
  }
  /// Whether a parameter is a normalisation's gain, which weight decay leaves alone.
  bool is_gain(size_t i) const {
    if (i >= gain) return true;
    if (i < vocabulary * d) return false;
    const size_t inside = (i - vocabulary * d) % layer_size();
    const Layer first = at(0);
    const size_t second = first.gain2 - vocabulary * d;
    return inside < d || (inside >= second && inside < second + d);
  }
};

}  // namespace demo

// Where each tensor lies in the flat array of parameters: the same order as model_config.py writes and reads.
// Matrices are [outputs][inputs]; q, k, v are one matrix, gate and up another.
#pragma once
#include <cstddef>
#include <vector>

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
  /// The weight matrices of all layers, those that lie together (q, k, v; gate, up) one by one.
  struct Matrix {
    size_t offset, outputs, inputs;
  };
  std::vector<Matrix> matrices() const {
    std::vector<Matrix> found;
    const size_t kv = kv_heads * (d / heads);
    for (size_t i = 0; i < layers; ++i) {
      const Layer layer = at(i);
      found.push_back({layer.qkv, d, d});
      found.push_back({layer.qkv + d * d, kv, d});
      found.push_back({layer.qkv + (d + kv) * d, kv, d});
      found.push_back({layer.o, d, d});
      found.push_back({layer.both, f, d});
      found.push_back({layer.both + f * d, f, d});
      found.push_back({layer.down, d, f});
    }
    return found;
  }
};

}  // namespace demo

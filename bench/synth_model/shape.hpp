// A model shape and the contents of a GGUF file with this shape: hyperparameters and the list of tensors, with the
// deviation that their weights need for activations of ordinary size.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/io/gguf_writer.hpp"
#include "quant/format.hpp"

namespace brim::bench {

/// Which tokenizer conventions (pre-tokenizer, special tokens, chat format) a shape comes with.
enum class VocabularyFamily { llama3, qwen, smollm };

/// What shapes have that are not attention and a dense feed-forward in every layer; 0: nothing of the kind.
struct Parts {
  /// A letter for each layer, repeated: 'a' attention, 'w' attention with a window, 'c' short convolution, 'd' gated
  /// DeltaNet, 'm' Mamba-2. Empty: attention.
  std::string_view layers{};
  int window = 0, window_head_size = 0;
  int experts = 0, used_experts = 0, expert_width = 0;
  int taps = 0, inner = 0, state_size = 0, state_heads = 0, state_groups = 0;  ///< of convolutions and states
  int rotated = 0;                                                             ///< values of a head; 0: all
  int shared_layers = 0;    ///< the last ones, which attend to entries of earlier layers and are twice as wide
  int layer_embedding = 0;  ///< values of a token's embedding for each layer
};

struct Shape {
  std::string_view name;
  std::string_view architecture;
  VocabularyFamily family;
  int layers, width, heads, kv_heads, head_size, feed_forward, vocabulary;
  bool tied;
  int context;
  float rope_base, rope_factor, epsilon;
  Parts parts{};

  char layer(int number) const {
    return parts.layers.empty() ? 'a' : parts.layers[static_cast<std::size_t>(number) % parts.layers.size()];
  }
  bool has_attention(int number) const { return layer(number) == 'a' || layer(number) == 'w'; }
  int head_size_of(int number) const {
    return layer(number) == 'w' && parts.window_head_size > 0 ? parts.window_head_size : head_size;
  }
  bool shares_entries(int number) const { return number >= layers - parts.shared_layers; }
  int width_of_feed_forward(int number) const { return shares_entries(number) ? 2 * feed_forward : feed_forward; }
};

/// All shapes of shapes.def.
std::span<const Shape> shapes();
/// nullptr when the shape does not exist.
const Shape* find_shape(std::string_view name);

/// One tensor to write. Weights are drawn from a normal distribution with this mean and deviation, unless `exact`
/// contains them.
struct TensorPlan {
  std::string name;
  std::vector<std::int64_t> shape;  ///< GGUF order
  float mean = 0;
  float deviation = 0;
  int quiet_rows = 0;  ///< number of last rows with a quarter of the deviation
  std::vector<float> exact;
  std::optional<quant::Format> format{};  ///< whatever type was asked for
};

/// Every tensor of the model, in the order in which converters write them. Matrices keep a vector of unit variance at
/// unit variance; what is added to the residual stream is scaled so that all layers together add about 1; the final
/// norm makes the deviation of the logits about 2. Embeddings are small compared with that (deviation 1/√width), so
/// that a model with a tied output does not just repeat its input. The rows of the last `specials` tokens are quiet:
/// their logits stay near 0, so that generation almost never ends by itself.
std::vector<TensorPlan> tensors_of(const Shape& shape, int specials);

/// The part of tensors_of() that is one layer's, in its order.
class TensorList {
 public:
  explicit TensorList(const Shape& shape);

  void layer(int number);
  void matrix(std::string name, std::int64_t inputs, std::int64_t outputs, float deviation);
  void vector(std::string name, std::int64_t size, float mean, float deviation);
  std::vector<TensorPlan>& plans() { return plans_; }

 private:
  void attention(const std::string& block, int number);
  void short_conv(const std::string& block);
  void delta_net(const std::string& block);
  void mamba2(const std::string& block);
  void state_space(const std::string& block, std::int64_t channels);
  void feed_forward(const std::string& block, int number);
  void experts(const std::string& block);
  void layer_input(const std::string& block);
  /// A matrix that stays in F32.
  void exact_matrix(std::string name, std::int64_t inputs, std::int64_t outputs, float deviation);
  void expert_matrix(const std::string& name, std::int64_t inputs, std::int64_t outputs, float deviation);
  void norm(std::string name, std::int64_t size) { vector(std::move(name), size, 1, 0.1f); }
  bool is(std::string_view architecture) const { return shape_.architecture == architecture; }

  const Shape& shape_;
  float residual_;  ///< what is added to the stream is multiplied by it
  std::vector<TensorPlan> plans_;
};

/// 1/√inputs: keeps unit variance.
float spread(std::int64_t inputs);

/// Sets the keys that describe the model (not the tokenizer, not the file type).
void describe_shape(const Shape& shape, io::GgufWriter& writer);
/// Those of them that speak of the shape's parts.
void describe_kinds(const Shape& shape, io::GgufWriter& writer);

}  // namespace brim::bench

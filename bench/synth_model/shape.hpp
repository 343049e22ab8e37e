// A model shape and the contents of a GGUF file with this shape: hyperparameters and the list of tensors, with the
// deviation that their weights need for activations of ordinary size.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/io/gguf_writer.hpp"

namespace brim::bench {

/// Which tokenizer conventions (pre-tokenizer, special tokens, chat format) a shape comes with.
enum class VocabularyFamily { llama3, qwen, smollm };

struct Shape {
  std::string_view name;
  std::string_view architecture;
  VocabularyFamily family;
  int layers, width, heads, kv_heads, head_size, feed_forward, vocabulary;
  bool tied;
  int context;
  float rope_base, rope_factor, epsilon;
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
};

/// Every tensor of the model, in the order in which converters write them. Matrices keep a vector of unit variance at
/// unit variance; what is added to the residual stream is scaled so that all layers together add about 1; the final
/// norm makes the deviation of the logits about 2. Embeddings are small compared with that (deviation 1/√width), so
/// that a model with a tied output does not just repeat its input. The rows of the last `specials` tokens are quiet:
/// their logits stay near 0, so that generation almost never ends by itself.
std::vector<TensorPlan> tensors_of(const Shape& shape, int specials);

/// Sets the keys that describe the model (not the tokenizer, not the file type).
void describe_shape(const Shape& shape, io::GgufWriter& writer);

}  // namespace brim::bench

// See weights.hpp.
#include "engine/model/weights.hpp"

#include <cmath>
#include <string>
#include <utility>

#include "engine/base/quote.hpp"
#include "engine/model/foreign_tensors.hpp"
#include "engine/model/layers/feed_forward.hpp"
#include "engine/model/layers/layer_input.hpp"
#include "engine/model/layers/mixer.hpp"
#include "engine/model/tensor_finder.hpp"

namespace brim::model {
namespace {

// One tensor of factors: files have it once, or once per layer with the same values. Empty where there is none. Refused
// where only some layers have it: the others would rotate otherwise.
Result<std::vector<float>> read_factors(const io::Gguf& file, const Config& config, const std::string& name,
                                        std::vector<bool>& used) {
  const std::int64_t pairs = config.rope.dimensions / 2;
  BRIM_ASSIGN(std::vector<float> factors, TensorFinder(file, "", used).optional_vector(name, pairs));
  const bool in_common = !factors.empty();
  std::string with, without;  // a layer that has factors, and one that rotates and has none
  for (std::size_t layer = 0; layer < config.layers.size(); ++layer) {
    const std::string prefix = sentence("blk.", layer, ".");
    BRIM_ASSIGN(std::vector<float> here, TensorFinder(file, prefix, used).optional_vector(name, pairs));
    if (!here.empty()) with = prefix;
    if (here.empty() && config.layers[layer].rope) without = prefix;
    if (factors.empty())
      factors = std::move(here);
    else if (!here.empty() && here != factors) {
      return error(ErrorCode::unsupported, file.path(), ": tensor ", prefix, name,
                   ": layers with different rotary factors are not supported");
    }
  }
  if (!in_common && !with.empty() && !without.empty()) {
    return error(ErrorCode::unsupported, file.path(), ": tensor ", with, name,
                 ": expected one for each layer, found none ", without, name,
                 "; layers with different rotary factors are not supported");
  }
  for (const float factor : factors) {
    if (std::isfinite(factor) && factor > 0) continue;
    return error(ErrorCode::bad_file, file.path(), ": tensor ", name, ": expected factors above 0, found ", factor);
  }
  return factors;
}

Status read_rope_factors(const io::Gguf& file, const Config& config, RopeFactors& factors, std::vector<bool>& used) {
  BRIM_ASSIGN(factors.common, read_factors(file, config, "rope_freqs.weight", used));
  BRIM_ASSIGN(factors.longer, read_factors(file, config, "rope_factors_long.weight", used));
  BRIM_ASSIGN(factors.shorter, read_factors(file, config, "rope_factors_short.weight", used));
  const bool found = !factors.common.empty() || !factors.longer.empty() || !factors.shorter.empty();
  if (config.rope.needs_factors && !found) {
    return error(ErrorCode::unsupported, file.path(), ": key ", quoted(config.architecture + ".rope.scaling.type"),
                 " asks for factors per frequency, but the file has no tensor with them (rope_freqs.weight, "
                 "rope_factors_long.weight, rope_factors_short.weight)");
  }
  return {};
}

}  // namespace

std::int64_t Weights::file_bytes() const {
  std::int64_t bytes = 0;
  for (const io::Tensor* tensor : tensors) bytes += static_cast<std::int64_t>(tensor->data.size());
  return bytes;
}

Result<Weights> read_weights(const io::Gguf& file, const Config& config) {
  Weights weights;
  std::vector<bool> used(file.tensors().size());
  const TensorFinder top(file, "", used);
  BRIM_ASSIGN(weights.token_embedding, top.matrix("token_embd.weight", {config.embedding, config.vocabulary}));
  BRIM_ASSIGN(weights.output_norm, top.norm(std::string(config.norms.output), config.embedding, config.norms.kind));
  weights.output = weights.token_embedding;
  if (top.has("output.weight")) {
    BRIM_ASSIGN(weights.output, top.matrix("output.weight", {config.embedding, config.vocabulary}));
    BRIM_ASSIGN(weights.output_scale, top.optional_scale("output"));
  }
  if (config.output_bias) {
    BRIM_ASSIGN(weights.output_bias, top.vector("output.bias", config.vocabulary));
  }
  for (std::size_t i = 0; i < config.layers.size(); ++i) {
    const TensorFinder finder(file, sentence("blk.", i, "."), used);
    weights.layers.emplace_back();
    const LayerConfig& shape = config.layers[i];
    if (shape.mixer != nullptr) BRIM_TRY(shape.mixer->read_weights(finder, config, shape, weights.layers.back()));
    BRIM_TRY(read_feed_forward(finder, config, shape, weights.layers.back()));
    if (config.layer_scales && finder.has("layer_output_scale.weight")) {
      BRIM_ASSIGN(const std::vector<float> scale, finder.vector("layer_output_scale.weight", 1));
      weights.layers.back().output_scale = scale.front();
    }
  }
  BRIM_TRY(read_layer_inputs(file, config, used, weights));
  BRIM_TRY(read_rope_factors(file, config, weights.rope_factors, used));
  BRIM_ASSIGN(weights.skipped, ForeignTensors(file, config).skipped(used));
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (used[i]) weights.tensors.push_back(&file.tensors()[i]);
  }
  return weights;
}

}  // namespace brim::model

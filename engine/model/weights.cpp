// See weights.hpp.
#include "engine/model/weights.hpp"

#include <cmath>
#include <initializer_list>
#include <string>
#include <utility>

#include "engine/base/quote.hpp"
#include "engine/model/foreign_tensors.hpp"
#include "quant/row.hpp"

namespace brim::model {
namespace {

std::string shape_text(std::initializer_list<std::int64_t> shape) {
  std::string text;
  for (const std::int64_t size : shape) text += (text.empty() ? "" : " x ") + std::to_string(size);
  return text;
}

std::string shape_text(const io::Tensor& tensor) {
  std::string text;
  for (int i = 0; i < tensor.dimensions; ++i) text += (i == 0 ? "" : " x ") + std::to_string(tensor.shape[i]);
  return text;
}

// Looks tensors up by name; shapes are given in GGUF order (row length first).
class Finder {
 public:
  /// `used` has a flag for each tensor of the file and is set for those that were found.
  Finder(const io::Gguf& file, std::string prefix, std::vector<bool>& used)
      : file_(file), prefix_(std::move(prefix)), used_(used) {}

  bool has(const std::string& name) const { return file_.tensor(prefix_ + name) != nullptr; }

  Result<quant::Matrix> matrix(const std::string& name, std::initializer_list<std::int64_t> shape) const {
    BRIM_ASSIGN(const io::Tensor* tensor, find(name, shape));
    return tensor->matrix();
  }

  Result<std::vector<float>> vector(const std::string& name, std::int64_t size) const {
    BRIM_ASSIGN(const io::Tensor* tensor, find(name, {size}));
    BRIM_ASSIGN(const std::vector<std::byte> packed, file_.read(tensor->data));
    std::vector<float> values(static_cast<std::size_t>(size));
    quant::unpack_row(tensor->format, packed.data(), values.data(), size);
    return values;
  }

  /// An empty vector when the file has no such tensor.
  Result<std::vector<float>> optional_vector(const std::string& name, std::int64_t size) const {
    if (!has(name)) return std::vector<float>();
    return vector(name, size);
  }

  Result<Linear> linear(const std::string& name, std::int64_t cols, std::int64_t rows) const {
    Linear result;
    BRIM_ASSIGN(result.weight, matrix(name + ".weight", {cols, rows}));
    BRIM_ASSIGN(result.bias, optional_vector(name + ".bias", rows));
    return result;
  }

  Result<ExpertMatrices> experts(const std::string& name, std::int64_t cols, std::int64_t rows, int count) const {
    ExpertMatrices result;
    BRIM_ASSIGN(const quant::Matrix all, matrix(name + ".weight", {cols, rows, count}));
    for (int expert = 0; expert < count; ++expert) result.each.push_back(all.slice(expert * rows, rows));
    return result;
  }

 private:
  Result<const io::Tensor*> find(const std::string& name, std::initializer_list<std::int64_t> shape) const {
    const io::Tensor* tensor = file_.tensor(prefix_ + name);
    if (tensor == nullptr) {
      return error(ErrorCode::bad_file, file_.path(), ": tensor ", prefix_, name, ": expected one of shape ",
                   shape_text(shape), ", found none");
    }
    std::size_t at = 0;
    bool same = true;
    for (const std::int64_t size : shape) same = same && tensor->shape[at++] == size;
    for (; at < 4; ++at) same = same && tensor->shape[at] == 1;
    if (!same) {
      return error(ErrorCode::bad_file, file_.path(), ": tensor ", prefix_, name, ": expected shape ",
                   shape_text(shape), ", found ", shape_text(*tensor));
    }
    used_[static_cast<std::size_t>(tensor - file_.tensors().data())] = true;
    return tensor;
  }

  const io::Gguf& file_;
  std::string prefix_;
  std::vector<bool>& used_;
};

// Cuts rows [first, first + rows) out of a fused projection.
Linear cut(const Linear& fused, std::int64_t first, std::int64_t rows) {
  Linear part;
  part.weight = fused.weight.slice(first, rows);
  if (!fused.bias.empty()) part.bias.assign(fused.bias.begin() + first, fused.bias.begin() + first + rows);
  return part;
}

Status read_attention(const Finder& finder, const Config& config, const LayerConfig& shape, LayerWeights& layer) {
  const std::int64_t query_rows = std::int64_t{shape.heads} * config.key_size;
  const std::int64_t key_rows = std::int64_t{shape.kv_heads} * config.key_size;
  const std::int64_t value_rows = std::int64_t{shape.kv_heads} * config.value_size;
  BRIM_ASSIGN(layer.attention_norm, finder.vector("attn_norm.weight", config.embedding));
  if (config.fused_qkv && finder.has("attn_qkv.weight")) {
    BRIM_ASSIGN(const Linear fused, finder.linear("attn_qkv", config.embedding, query_rows + key_rows + value_rows));
    layer.query = cut(fused, 0, query_rows);
    layer.key = cut(fused, query_rows, key_rows);
    layer.value = cut(fused, query_rows + key_rows, value_rows);
  } else {
    BRIM_ASSIGN(layer.query, finder.linear("attn_q", config.embedding, query_rows));
    BRIM_ASSIGN(layer.key, finder.linear("attn_k", config.embedding, key_rows));
    BRIM_ASSIGN(layer.value, finder.linear("attn_v", config.embedding, value_rows));
  }
  BRIM_ASSIGN(layer.output, finder.linear("attn_output", std::int64_t{shape.heads} * config.value_size, config.embedding));
  if (config.query_key_norm != QueryKeyNorm::none) {
    const bool whole = config.query_key_norm == QueryKeyNorm::whole_row;
    BRIM_ASSIGN(layer.query_norm, finder.vector("attn_q_norm.weight", whole ? query_rows : config.key_size));
    BRIM_ASSIGN(layer.key_norm, finder.vector("attn_k_norm.weight", whole ? key_rows : config.key_size));
  }
  if (config.post_norms) {
    BRIM_ASSIGN(layer.post_attention_norm, finder.vector("post_attention_norm.weight", config.embedding));
  }
  return {};
}

Status read_feed_forward(const Finder& finder, const Config& config, const LayerConfig& shape, LayerWeights& layer) {
  BRIM_ASSIGN(layer.feed_forward_norm, finder.vector("ffn_norm.weight", config.embedding));
  if (config.has_experts()) {
    const std::int64_t width = config.expert_feed_forward;
    BRIM_ASSIGN(layer.router, finder.matrix("ffn_gate_inp.weight", {config.embedding, config.experts}));
    BRIM_ASSIGN(layer.expert_gate, finder.experts("ffn_gate_exps", config.embedding, width, config.experts));
    BRIM_ASSIGN(layer.expert_up, finder.experts("ffn_up_exps", config.embedding, width, config.experts));
    BRIM_ASSIGN(layer.expert_down, finder.experts("ffn_down_exps", width, config.embedding, config.experts));
  } else {
    if (config.fused_gate_up && !finder.has("ffn_gate.weight")) {
      BRIM_ASSIGN(const Linear fused, finder.linear("ffn_up", config.embedding, 2 * shape.feed_forward));
      layer.gate = cut(fused, 0, shape.feed_forward);
      layer.up = cut(fused, shape.feed_forward, shape.feed_forward);
    } else {
      BRIM_ASSIGN(layer.gate, finder.linear("ffn_gate", config.embedding, shape.feed_forward));
      BRIM_ASSIGN(layer.up, finder.linear("ffn_up", config.embedding, shape.feed_forward));
    }
    BRIM_ASSIGN(layer.down, finder.linear("ffn_down", shape.feed_forward, config.embedding));
  }
  if (config.post_norms) {
    BRIM_ASSIGN(layer.post_feed_forward_norm, finder.vector("post_ffw_norm.weight", config.embedding));
  }
  return {};
}

// One tensor of factors: files have it once, or once per layer with the same values. Empty where there is none.
Result<std::vector<float>> read_factors(const io::Gguf& file, const Config& config, const std::string& name,
                                        std::vector<bool>& used) {
  const std::int64_t pairs = config.rope.dimensions / 2;
  BRIM_ASSIGN(std::vector<float> factors, Finder(file, "", used).optional_vector(name, pairs));
  for (std::size_t layer = 0; layer < config.layers.size(); ++layer) {
    const std::string prefix = sentence("blk.", layer, ".");
    BRIM_ASSIGN(std::vector<float> here, Finder(file, prefix, used).optional_vector(name, pairs));
    if (factors.empty()) factors = std::move(here);
    else if (!here.empty() && here != factors) {
      return error(ErrorCode::unsupported, file.path(), ": tensor ", prefix, name,
                   ": layers with different rotary factors are not supported");
    }
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
  const Finder top(file, "", used);
  BRIM_ASSIGN(weights.token_embedding, top.matrix("token_embd.weight", {config.embedding, config.vocabulary}));
  BRIM_ASSIGN(weights.output_norm, top.vector("output_norm.weight", config.embedding));
  weights.output = weights.token_embedding;
  if (top.has("output.weight")) {
    BRIM_ASSIGN(weights.output, top.matrix("output.weight", {config.embedding, config.vocabulary}));
  }
  for (std::size_t i = 0; i < config.layers.size(); ++i) {
    const Finder finder(file, sentence("blk.", i, "."), used);
    weights.layers.emplace_back();
    BRIM_TRY(read_attention(finder, config, config.layers[i], weights.layers.back()));
    BRIM_TRY(read_feed_forward(finder, config, config.layers[i], weights.layers.back()));
  }
  BRIM_TRY(read_rope_factors(file, config, weights.rope_factors, used));
  BRIM_ASSIGN(weights.skipped, ForeignTensors(file, config).skipped(used));
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (used[i]) weights.tensors.push_back(&file.tensors()[i]);
  }
  return weights;
}

}  // namespace brim::model

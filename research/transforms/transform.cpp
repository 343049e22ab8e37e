// See transform.hpp.
#include "research/transforms/transform.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string>

#include "engine/base/splitmix64.hpp"
#include "engine/model/layers/mixer.hpp"

namespace brim::research {
namespace {

using kv::LayerId;
using model::Config;
using model::LayerConfig;
using model::QueryKeyNorm;

enum class Side { query, key, value };

/// Heads whose rows lie one after another in a tensor. Of a norm that all heads share, `heads` is 1.
struct Section {
  Side side;
  std::int64_t first, stride, heads;
};

/// What a tensor of a layer is: "attn_q.weight" and "attn_q.bias" have the same rows.
std::string_view stem_of(std::string_view part) {
  if (part.ends_with(".weight")) return part.substr(0, part.size() - std::string_view(".weight").size());
  if (part.ends_with(".bias")) return part.substr(0, part.size() - std::string_view(".bias").size());
  return {};
}

/// The rows of queries, keys and values in a projection or its bias.
std::vector<Section> projections(const Config& config, const LayerConfig& shape, std::string_view stem) {
  // With gates, a head's query is followed by its gate.
  const std::int64_t query = std::int64_t{shape.key_size} * (config.query_gate ? 2 : 1);
  const Section queries{Side::query, 0, query, shape.heads};
  Section keys{Side::key, 0, shape.key_size, shape.kv_heads}, values{Side::value, 0, shape.value_size, shape.kv_heads};
  if (stem == "attn_q") return {queries};
  if (stem == "attn_k") return {keys};
  if (stem == "attn_v") return {values};
  if (!config.fused_qkv || stem != "attn_qkv") return {};
  keys.first = std::int64_t{shape.heads} * shape.key_size;
  values.first = keys.first + std::int64_t{shape.kv_heads} * shape.key_size;
  return {queries, keys, values};
}

/// The weights of norms of queries and keys.
std::vector<Section> norms(const Config& config, const LayerConfig& shape, std::string_view stem) {
  if (config.query_key_norm == QueryKeyNorm::none) return {};
  const bool whole = config.query_key_norm == QueryKeyNorm::whole_row;
  if (stem == "attn_q_norm") return {{Side::query, 0, shape.key_size, whole ? shape.heads : 1}};
  if (stem == "attn_k_norm") return {{Side::key, 0, shape.key_size, whole ? shape.kv_heads : 1}};
  return {};
}

int rotary_pairs(const Config& config, const LayerConfig& shape) {
  return config.rope.dimensions_of(shape.window > 0) / 2;
}

/// The two values of a head that a rotation mixes.
std::array<int, 2> rotated_together(const Config& config, const LayerConfig& shape, int pair) {
  const int first = config.rope.first;
  if (config.rope.pairs == model::RopePairs::interleaved) return {first + 2 * pair, first + 2 * pair + 1};
  return {first + pair, first + pair + rotary_pairs(config, shape)};
}

/// What a transform does to one tensor of a layer that it concerns.
class Application {
 public:
  Application(const Config& config, LayerId layer, std::string_view part, Matrix& tensor)
      : config_(config), shape_(config.layer(layer)), stem_(stem_of(part)), tensor_(tensor) {}

  void operator()(const KeyOutlier& outlier) const {
    const bool normalised = config_.query_key_norm != QueryKeyNorm::none;
    for (const Section& section : normalised ? norms(config_, shape_, stem_) : projections(config_, shape_, stem_)) {
      if (section.side == Side::value) continue;
      const float factor = section.side == Side::key ? outlier.factor : 1 / outlier.factor;
      for (const int value : rotated_together(config_, shape_, outlier.pair)) scale(section, value, factor);
    }
  }

  void operator()(const ValueOutlier& outlier) const {
    for (const Section& section : projections(config_, shape_, stem_)) {
      if (section.side == Side::value) scale(section, outlier.dimension, outlier.factor);
    }
    if (!is_output()) return;
    for (std::int64_t head = 0; head < shape_.heads; ++head) {
      tensor_.scale_column(head * shape_.value_size + outlier.dimension, 1 / outlier.factor);
    }
  }

  void operator()(const HeadOrder& order) const {
    const std::int64_t group = shape_.heads / shape_.kv_heads;
    std::vector<Section> sections = projections(config_, shape_, stem_);
    if (config_.query_key_norm == QueryKeyNorm::whole_row) sections = joined(sections, norms(config_, shape_, stem_));
    if (config_.attention_sinks && stem_ == "attn_sinks") sections.push_back({Side::query, 0, 1, shape_.heads});
    for (const Section& section : sections) {
      const std::int64_t block = section.side == Side::query ? group * section.stride : section.stride;
      tensor_.reorder_rows(section.first, block, order.heads);
    }
    if (is_output()) tensor_.reorder_columns(group * shape_.value_size, order.heads);
  }

 private:
  static std::vector<Section> joined(std::vector<Section> some, const std::vector<Section>& others) {
    some.insert(some.end(), others.begin(), others.end());
    return some;
  }
  void scale(const Section& section, int value, float factor) const {
    for (std::int64_t head = 0; head < section.heads; ++head) {
      tensor_.scale_row(section.first + head * section.stride + value, factor);
    }
  }
  /// The output matrix: its bias is added to what it has multiplied, and does not change.
  bool is_output() const { return stem_ == "attn_output" && tensor_.columns > 1; }

  const Config& config_;
  const LayerConfig& shape_;
  std::string_view stem_;
  Matrix& tensor_;
};

/// Whether a layer of a model allows a transform.
class Check {
 public:
  Check(const io::Gguf& model, const Config& config, LayerId layer)
      : model_(model), config_(config), layer_(layer), shape_(config.layer(layer)) {}

  Status operator()(const KeyOutlier& outlier) const {
    BRIM_TRY(attention());
    BRIM_TRY(below("pair", outlier.pair, rotary_pairs(config_, shape_)));
    BRIM_TRY(usable(outlier.factor));
    if (config_.query_key_norm == QueryKeyNorm::none && values_are_keys()) return refused("its values are its keys");
    return {};
  }

  Status operator()(const ValueOutlier& outlier) const {
    BRIM_TRY(attention());
    BRIM_TRY(below("dimension of values", outlier.dimension, shape_.value_size));
    BRIM_TRY(usable(outlier.factor));
    if (values_are_keys()) return refused("its values are its keys");
    if (config_.value_norm) return refused("its values are normalised");
    return plain_output();
  }

  Status operator()(const HeadOrder& order) const {
    BRIM_TRY(attention());
    std::vector<int> sorted = order.heads, all(static_cast<std::size_t>(shape_.kv_heads));
    std::sort(sorted.begin(), sorted.end());
    std::iota(all.begin(), all.end(), 0);
    if (sorted == all) return plain_output();
    std::string found;
    for (const int head : order.heads) found += (found.empty() ? "" : ", ") + std::to_string(head);
    return error(ErrorCode::invalid_argument, "layer ", kv::index_of(layer_), ": expected an order of its ",
                 shape_.kv_heads, " KV heads, found ", quoted(found));
  }

 private:
  Error refused(std::string_view why) const {
    return error(ErrorCode::unsupported, model_.path(), ": layer ", kv::index_of(layer_),
                 " cannot be transformed without changing what the model computes: ", why);
  }

  Status attention() const {
    if (shape_.mixer != &model::attention_mixer()) {
      return refused(sentence("it has ", shape_.mixer == nullptr ? "no mixer" : shape_.mixer->name(),
                              " in place of attention with keys and values for each head"));
    }
    for (const LayerConfig& other : config_.layers) {
      if (other.entries_of == layer_) return refused("other layers attend to its entries");
    }
    if (shape_.entries_of) return refused("it attends to the entries of another layer");
    return {};
  }

  Status below(std::string_view what, int found, int count) const {
    if (found >= 0 && found < count) return {};
    return error(ErrorCode::invalid_argument, "layer ", kv::index_of(layer_), ": expected a ", what, " of 0 to ",
                 count - 1, ", found ", found);
  }

  static Status usable(float factor) {
    if (std::isnormal(factor) && factor > 0 && std::isnormal(1 / factor)) return {};
    return error(ErrorCode::invalid_argument, "expected a factor above 0 whose inverse is a number, found ", factor);
  }

  bool values_are_keys() const {
    return config_.keys_without_values &&
           model_.tensor(sentence("blk.", kv::index_of(layer_), ".attn_v.weight")) == nullptr;
  }

  /// Sums over heads that are normalised before the output matrix meets them would change.
  Status plain_output() const {
    if (config_.norms.inside) return refused("what attention gives is normalised before the output matrix");
    return {};
  }

  const io::Gguf& model_;
  const Config& config_;
  LayerId layer_;
  const LayerConfig& shape_;
};

std::optional<LayerId> layer_of(const Transform& transform) {
  return std::visit([](const auto& one) { return std::optional<LayerId>(one.layer); }, transform);
}

}  // namespace

Status check_transform(const io::Gguf& model, const Config& config, const Transform& transform) {
  const std::optional<LayerId> only = layer_of(transform);
  if (only && kv::index_of(*only) >= config.layers.size()) {
    return error(ErrorCode::invalid_argument, "expected a layer of 0 to ", config.layers.size() - 1, ", found ",
                 static_cast<std::int32_t>(*only));
  }
  bool any = false;
  for (const LayerId layer : kv::ids_up_to<LayerId>(config.layers.size())) {
    if (only ? layer != *only : !config.layer(layer).keeps_entries()) continue;
    any = true;
    BRIM_TRY(std::visit(Check(model, config, layer), transform));
  }
  if (any) return {};
  return error(ErrorCode::unsupported, model.path(), ": expected layers that keep entries, found none");
}

void apply_transform(const Config& config, const Transform& transform, std::string_view name, Matrix& tensor) {
  const std::optional<LayerId> only = layer_of(transform);
  for (const LayerId layer : kv::ids_up_to<LayerId>(config.layers.size())) {
    if (only ? layer != *only : !config.layer(layer).keeps_entries()) continue;
    const std::string prefix = sentence("blk.", kv::index_of(layer), ".");
    if (!name.starts_with(prefix)) continue;
    std::visit(Application(config, layer, name.substr(prefix.size()), tensor), transform);
  }
}

std::vector<Transform> random_head_orders(const Config& config, std::uint64_t seed) {
  std::vector<Transform> orders;
  for (const LayerId layer : kv::ids_up_to<LayerId>(config.layers.size())) {
    const LayerConfig& shape = config.layer(layer);
    if (!shape.keeps_entries() || shape.kv_heads < 2) continue;
    HeadOrder order{layer, std::vector<int>(static_cast<std::size_t>(shape.kv_heads))};
    std::iota(order.heads.begin(), order.heads.end(), 0);
    // Sattolo's algorithm: one cycle through all heads.
    for (std::size_t i = order.heads.size() - 1; i > 0; --i) {
      std::swap(order.heads[i], order.heads[static_cast<std::size_t>(splitmix64(seed) % i)]);
    }
    orders.emplace_back(std::move(order));
  }
  return orders;
}

}  // namespace brim::research

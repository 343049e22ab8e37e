// Transforms of a model's attention that preserve its function: what they change, and which models allow them.
//
// Keys and queries meet in q·k alone, so a rotary pair of a key may be s times as large where that of its queries is
// 1/s times as large: both values of the pair, because rotating mixes the two. Values are only summed and multiplied by
// the output matrix, so one dimension of a value may be s times as large where the columns that meet it are 1/s times as
// large. And KV heads may change places where their queries and the columns of their outputs do.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/io/gguf.hpp"
#include "engine/kv/ids.hpp"
#include "engine/model/config.hpp"
#include "research/transforms/matrix.hpp"

namespace brim::research {

/// One rotary pair of every key of a layer, `factor` times as large. Where keys are normalised, the weights of the norm
/// change, because it would undo a change of what it normalises. An empty layer: all layers that keep entries.
struct KeyOutlier {
  std::optional<kv::LayerId> layer;
  int pair = 0;
  float factor = 1;
};
/// One dimension of every value of a layer.
struct ValueOutlier {
  std::optional<kv::LayerId> layer;
  int dimension = 0;
  float factor = 1;
};
/// KV head i of a layer becomes what heads[i] was, with its query heads.
struct HeadOrder {
  kv::LayerId layer{};
  std::vector<int> heads;
};
using Transform = std::variant<KeyOutlier, ValueOutlier, HeadOrder>;

/// Whether the model allows a transform. Errors: invalid_argument for a layer, pair, dimension, factor or order that
/// does not exist there; unsupported where the layer normalises values or outputs, shares entries with another layer or
/// has another kind of attention. Both say what was expected and what was found.
Status check_transform(const io::Gguf& model, const model::Config& config, const Transform& transform);

/// Changes what the tensor `name` of the model has to do with a transform that was checked. Most have nothing.
void apply_transform(const model::Config& config, const Transform& transform, std::string_view name, Matrix& tensor);

/// For each layer that keeps entries of several KV heads an order in which no head stays where it was; the same for a
/// seed on every machine.
std::vector<Transform> random_head_orders(const model::Config& config, std::uint64_t seed);

}  // namespace brim::research

// See expert_keys.hpp.
#include "engine/model/architectures/expert_keys.hpp"

namespace brim::model {

Status require_experts(const Keys& keys, const Config& config) {
  if (config.has_experts()) return {};
  return error(ErrorCode::bad_file, keys.file().path(), ": key ", keys.full("expert_count"),
               ": expected at least 1, found none");
}

Status read_shared_experts(const Keys& keys, Config& config) {
  BRIM_ASSIGN(const std::int64_t count, keys.integer("expert_shared_count", 0, 0, 4096));
  BRIM_ASSIGN(config.shared_expert_feed_forward,
              keys.integer("expert_shared_feed_forward_length", count * config.expert_feed_forward, 0, kWidest));
  return {};
}

namespace {

// A group counts as its two best experts do (DeepSeek-V3, arXiv 2412.19437, §2.1.2).
Status read_groups(const Keys& keys, Config& config) {
  BRIM_ASSIGN(const std::int64_t groups, keys.integer("expert_group_count", 1, 0, config.experts));
  BRIM_ASSIGN(const std::int64_t used, keys.integer("expert_group_used_count", groups, 0, groups > 0 ? groups : 1));
  if (groups <= 1) return {};
  if (config.experts % groups != 0) {
    return error(ErrorCode::bad_file, keys.file().path(), ": key ", keys.full("expert_group_count"),
                 ": expected a divisor of the ", config.experts, " experts, found ", groups);
  }
  if (used * (config.experts / groups) < config.experts_used) {
    return error(ErrorCode::bad_file, keys.file().path(), ": key ", keys.full("expert_group_used_count"),
                 ": expected groups with at least ", config.experts_used, " experts, found ", used, " of ",
                 config.experts / groups);
  }
  config.expert_groups = static_cast<int>(groups);
  config.expert_groups_used = static_cast<int>(used);
  return {};
}

}  // namespace

Status read_routing(const Keys& keys, Config& config, RouterScore absent) {
  BRIM_ASSIGN(const std::int64_t function, keys.integer("expert_gating_func", 0, 0, INT32_MAX));
  switch (function) {
    case 0:
      config.router_score = absent;
      break;
    case 1:
      config.router_score = RouterScore::softmax;
      break;
    case 2:
      config.router_score = RouterScore::sigmoid;
      break;
    case 3:
      config.router_score = RouterScore::softmax_of_chosen;
      break;
    default:
      return error(ErrorCode::unsupported, keys.file().path(), ": key ", keys.full("expert_gating_func"),
                   ": expected 1 (softmax), 2 (sigmoid) or 3 (softmax of the chosen), found ", function);
  }
  BRIM_ASSIGN(config.expert_weights_normalised, keys.boolean("expert_weights_norm", false));
  BRIM_ASSIGN(const double scale, keys.number("expert_weights_scale", 1.0, kZeroOrMore));
  // A scale of 0 in the file means "not used".
  if (scale != 0) config.expert_weights_scale = static_cast<float>(scale);
  return read_groups(keys, config);
}

Status read_dense_layers(const Keys& keys, Config& config) {
  const auto layers = static_cast<std::int64_t>(config.layers.size());
  BRIM_ASSIGN(const std::int64_t leading, keys.integer("leading_dense_block_count", 0, 0, layers));
  BRIM_ASSIGN(const std::int64_t step, keys.integer("interleave_moe_layer_step", 1, 0, layers));
  BRIM_ASSIGN(const auto widths,
              keys.per_layer("feed_forward_length", layers + config.next_token_layers, 0, 0, kWidest));
  for (std::int64_t i = 0; i < layers; ++i) {
    LayerConfig& layer = config.layers[static_cast<std::size_t>(i)];
    if (i >= leading && (step <= 1 || (i + 1) % step == 0)) continue;
    layer.kind = FeedForward::gated;
    layer.feed_forward_width = widths[static_cast<std::size_t>(i)];
    if (layer.feed_forward_width > 0) continue;
    return error(ErrorCode::bad_file, keys.file().path(), ": key ", keys.full("feed_forward_length"),
                 ": expected the width of the dense layer ", i, ", found none");
  }
  return {};
}

}  // namespace brim::model

// See heads.hpp.
#include "engine/kv/heads.hpp"

#include <algorithm>

#include "engine/base/quote.hpp"

namespace brim::kv {

Result<HeadSelection> parse_head_selection(std::string_view text) {
  if (text == "together") return HeadSelection::together;
  if (text == "apart") return HeadSelection::apart;
  return error(ErrorCode::invalid_argument, "KV heads: expected together or apart, found ", quoted(text));
}

Shape heads_apart(const Shape& shape, int largest_chunk) {
  Shape apart = shape;
  apart.largest_chunk = std::min(shape.largest_chunk, largest_chunk);
  apart.layers.clear();
  for (std::size_t i = 0; i < shape.layers.size(); ++i) {
    LayerShape one = shape.layers[i];
    one.kv_heads = 1;
    for (int head = 0; head < shape.layers[i].kv_heads; ++head) {
      apart.layers.push_back(one);
      apart.heads.push_back({static_cast<int>(i), head});
    }
  }
  return apart;
}

Profile heads_apart(const Profile& profile, const Shape& apart) {
  if (static_cast<int>(profile.layers.size()) != model_layers(apart)) return profile;
  const auto by_head = [&](const auto& of_layers) {
    auto of_heads = of_layers;
    of_heads.clear();
    for (const HeadPlace& place : apart.heads) of_heads.push_back(of_layers[static_cast<std::size_t>(place.layer)]);
    return of_heads;
  };
  Profile of_heads = profile;
  of_heads.layers = by_head(profile.layers);
  for (TypedLosses& other : of_heads.others) {
    if (other.loss.size() == profile.layers.size()) other.loss = by_head(other.loss);
  }
  return of_heads;
}

HeadRange cache_layers(const Shape& shape, int layer) {
  if (shape.heads.empty()) return {layer, 1};
  const auto before = [](const HeadPlace& place, int wanted) { return place.layer < wanted; };
  const auto first = std::lower_bound(shape.heads.begin(), shape.heads.end(), layer, before);
  const auto end = std::lower_bound(first, shape.heads.end(), layer + 1, before);
  return {static_cast<int>(first - shape.heads.begin()), static_cast<int>(end - first)};
}

int model_layers(const Shape& shape) {
  if (shape.heads.empty()) return static_cast<int>(shape.layers.size());
  return shape.heads.back().layer + 1;
}

LayerStats model_layer(const Cache& cache, int layer) {
  const HeadRange heads = cache_layers(cache.plan().shape, layer);
  LayerStats sum;
  for (int i = heads.first; i < heads.first + heads.count; ++i) {
    const LayerStats own = cache.layer(i);
    sum.quota += own.quota;
    sum.used += own.used;
    sum.evicted += own.evicted;
  }
  const auto mean = [&](std::int64_t whole) { return (whole + heads.count - 1) / heads.count; };
  return {mean(sum.quota), mean(sum.used), mean(sum.evicted)};
}

}  // namespace brim::kv

// See heads.hpp.
#include "engine/kv/heads.hpp"

#include <algorithm>

namespace brim::kv {

Shape heads_apart(const Shape& shape, int largest_chunk) {
  Shape apart = shape;
  apart.largest_chunk = std::min(shape.largest_chunk, largest_chunk);
  apart.apart = true;
  apart.layers.clear();
  apart.heads.clear();
  for (std::size_t i = 0; i < shape.layers.size(); ++i) {
    StreamShape one = shape.layers[i];
    one.kv_heads = 1;
    for (int head = 0; head < shape.layers[i].kv_heads; ++head) {
      apart.layers.push_back(one);
      apart.heads.push_back({shape.place(id_at<StreamId>(i)).layer, head});
    }
  }
  return apart;
}

Profile heads_apart(const Profile& profile, const Shape& apart) {
  if (static_cast<int>(profile.layers.size()) != model_layers(apart)) return profile;
  const auto by_head = [&](const auto& of_layers) {
    auto of_heads = of_layers;
    of_heads.clear();
    for (const HeadPlace& place : apart.heads) of_heads.push_back(of_layers[index_of(place.layer)]);
    return of_heads;
  };
  Profile of_heads = profile;
  of_heads.layers = by_head(profile.layers);
  for (TypedLosses& other : of_heads.others) {
    if (other.loss.size() == profile.layers.size()) other.loss = by_head(other.loss);
  }
  return of_heads;
}

IdRange<StreamId> streams_of(const Shape& shape, LayerId layer) {
  if (shape.heads.empty()) {
    return {id_at<StreamId>(index_of(layer)), index_of(layer) < shape.layers.size() ? std::size_t{1} : std::size_t{0}};
  }
  const auto before = [](const HeadPlace& place, std::size_t wanted) { return index_of(place.layer) < wanted; };
  const auto first = std::lower_bound(shape.heads.begin(), shape.heads.end(), index_of(layer), before);
  const auto end = std::lower_bound(first, shape.heads.end(), index_of(layer) + 1, before);
  return {id_at<StreamId>(static_cast<std::size_t>(first - shape.heads.begin())),
          static_cast<std::size_t>(end - first)};
}

int model_layers(const Shape& shape) {
  const int with_entries =
      shape.heads.empty() ? static_cast<int>(shape.layers.size()) : static_cast<int>(shape.heads.back().layer) + 1;
  const int with_state = shape.states.empty() ? 0 : static_cast<int>(shape.states.back().layer) + 1;
  return std::max(with_entries, with_state);
}

StreamStats layer_stats(const Memory& memory, LayerId layer) {
  const IdRange<StreamId> streams = streams_of(memory.plan().shape, layer);
  StreamStats sum;
  for (const StreamId stream : streams) {
    const StreamStats own = memory.stats(stream);
    sum.quota += own.quota;
    sum.used += own.used;
    sum.evicted += own.evicted;
  }
  const auto count = static_cast<std::int64_t>(streams.size());
  if (count == 0) return {};
  const auto mean = [&](std::int64_t whole) { return (whole + count - 1) / count; };
  return {mean(sum.quota), mean(sum.used), mean(sum.evicted)};
}

}  // namespace brim::kv

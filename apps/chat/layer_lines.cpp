// See layer_lines.hpp.
#include "apps/chat/layer_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "apps/terminal/quantities.hpp"

namespace brim::apps {
namespace {

constexpr std::int64_t kBar = 24;

bool alike(const brim_layer_stats& a, const brim_layer_stats& b) {
  return a.quota == b.quota && a.used == b.used && a.evicted == b.evicted && a.entry_bytes == b.entry_bytes &&
         std::string_view(a.kv_type) == b.kv_type;
}

std::string bar(const brim_layer_stats& layer, std::int64_t largest) {
  const std::int64_t length = std::max<std::int64_t>(1, layer.quota * kBar / std::max<std::int64_t>(largest, 1));
  const std::int64_t filled = std::min(length, layer.used * kBar / std::max<std::int64_t>(largest, 1));
  return fmt::format("[{:=<{}}{:.<{}}]{:<{}}", "", filled, "", length - filled, "", kBar - length);
}

}  // namespace

std::vector<std::string> layer_lines(const std::vector<brim_layer_stats>& layers) {
  std::int64_t largest = 0;
  for (const brim_layer_stats& layer : layers) largest = std::max(largest, layer.quota);
  std::vector<std::string> lines;
  std::size_t states = 0;  // layers without entries
  for (std::size_t first = 0; first < layers.size();) {
    std::size_t end = first + 1;
    if (layers[first].quota == 0) {
      ++states;
      first = end;
      continue;
    }
    while (end < layers.size() && alike(layers[first], layers[end])) ++end;
    const brim_layer_stats& layer = layers[first];
    const std::string name =
        end - first == 1 ? fmt::format("layer {}", first) : fmt::format("layers {}-{}", first, end - 1);
    lines.push_back(fmt::format("{:<14}{} {:>7} of {:>7} entries{} in {}, {} evicted", name, bar(layer, largest),
                                grouped_text(layer.used), grouped_text(layer.quota), end - first == 1 ? "" : " each",
                                layer.kv_type, grouped_text(layer.evicted)));
    first = end;
  }
  if (states > 0)
    lines.push_back(fmt::format("{} {} a state of fixed size", states, states == 1 ? "layer keeps" : "layers keep"));
  return lines;
}

std::vector<std::string> layer_lines(const Session& session) {
  std::vector<brim_layer_stats> layers;
  const std::int32_t count = session.stats().layers;
  for (std::int32_t layer = 0; layer < count; ++layer) layers.push_back(session.layer_stats(layer));
  return layer_lines(layers);
}

}  // namespace brim::apps

// See rebase.hpp.
#include "engine/kv/rebase.hpp"

#include <algorithm>

#include "engine/kv/cache.hpp"

namespace brim::kv {
namespace {

/// Rotates the keys of entries [first, end), which all move by the same distance; at most a granule of them.
void rotate_keys(LayerStore& layer, const LayerShape& shape, int number, std::int64_t first, std::int64_t end,
                 std::int64_t delta, const RebaseTools& tools) noexcept {
  const auto unpack = tools.table.unpack_kv[static_cast<int>(shape.types.key)];
  const auto pack = tools.table.pack_kv[static_cast<int>(shape.types.key)];
  for (int head = 0; head < shape.kv_heads; ++head) {
    float* key = tools.keys;
    for (std::int64_t entry = first; entry < end; ++entry, key += shape.key_size) {
      unpack(layer.key(head, entry), shape.key_size, key);
    }
    tools.rotation->rotate_back(number, tools.keys, end - first, delta);
    key = tools.keys;
    for (std::int64_t entry = first; entry < end; ++entry, key += shape.key_size) {
      pack(key, shape.key_size, layer.key(head, entry));
    }
  }
}

}  // namespace

void rebase(LayerStore& layer, const LayerShape& shape, int number, std::int64_t sinks, std::int64_t end,
            const RebaseTools& tools) noexcept {
  const std::span<std::int64_t> positions = layer.positions();
  const std::int64_t used = layer.used();
  // Sinks are the first tokens of all. A layer whose quota grew has older and newer ones among its first entries.
  sinks = std::min(sinks, used);
  while (sinks > 0 && positions[static_cast<std::size_t>(sinks - 1)] != sinks - 1) --sinks;
  for (std::int64_t first = sinks; first < used;) {
    const std::int64_t delta = positions[static_cast<std::size_t>(first)] - (end - used + first);
    // Neighbours without a gap between them move together and share their angles.
    std::int64_t last = first;
    for (; last < used && last - first < kGranuleEntries; ++last) {
      std::int64_t& position = positions[static_cast<std::size_t>(last)];
      if (position - (end - used + last) != delta) break;
      position -= delta;
    }
    if (delta != 0 && shape.rope && tools.rotation) rotate_keys(layer, shape, number, first, last, delta, tools);
    first = last;
  }
}

}  // namespace brim::kv

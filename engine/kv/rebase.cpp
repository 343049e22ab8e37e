// See rebase.hpp.
#include "engine/kv/rebase.hpp"

#include <algorithm>

#include "engine/kv/memory.hpp"

namespace brim::kv {
namespace {

/// Rotates the keys of entries [first, end), which all move by the same distance; at most a granule of them.
void rotate_keys(Stream& stream, std::int64_t first, std::int64_t end, std::int64_t delta,
                 const RebaseTools& tools) noexcept {
  const StreamShape& shape = stream.shape;
  const auto unpack = tools.table.unpack_kv[static_cast<int>(shape.types.key)];
  const auto pack = tools.table.pack_kv[static_cast<int>(shape.types.key)];
  for (int head = 0; head < shape.kv_heads; ++head) {
    float* key = tools.keys;
    for (std::int64_t entry = first; entry < end; ++entry, key += shape.key_size) {
      unpack(stream.store.key(head, entry), shape.key_size, key);
    }
    tools.rotation->rotate_back(stream.layer, tools.keys, end - first, delta);
    key = tools.keys;
    for (std::int64_t entry = first; entry < end; ++entry, key += shape.key_size) {
      pack(key, shape.key_size, stream.store.key(head, entry));
    }
  }
  const std::span<std::uint8_t> repacked = stream.store.repacked();
  if (repacked.empty()) return;
  for (std::uint8_t& count : repacked.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(end - first))) {
    if (count < kMaxRepacked) ++count;
  }
}

}  // namespace

std::int64_t unmoved_sinks(const Stream& stream) noexcept {
  const std::span<const std::int64_t> positions = stream.store.positions();
  std::int64_t sinks = std::min(stream.forced.sinks, stream.store.used());
  while (sinks > 0 && positions[static_cast<std::size_t>(sinks - 1)] != sinks - 1) --sinks;
  return sinks;
}

void rebase(Stream& stream, std::int64_t end, const RebaseTools& tools) noexcept {
  const std::span<std::int64_t> positions = stream.store.positions();
  const std::int64_t used = stream.store.used(), sinks = unmoved_sinks(stream);
  for (std::int64_t first = sinks; first < used;) {
    const std::int64_t delta = positions[static_cast<std::size_t>(first)] - (end - used + first);
    // Neighbours without a gap between them move together and share their angles.
    std::int64_t last = first;
    for (; last < used && last - first < kGranuleEntries; ++last) {
      std::int64_t& position = positions[static_cast<std::size_t>(last)];
      if (position - (end - used + last) != delta) break;
      position -= delta;
    }
    if (delta != 0 && stream.shape.rope && tools.rotation) rotate_keys(stream, first, last, delta, tools);
    first = last;
  }
}

}  // namespace brim::kv

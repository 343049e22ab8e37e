// See relocate.hpp. First everything moves down until no gaps are left, then, from the end, up to its new place: data
// that has not moved yet is never overwritten, because its new place is never below the one without gaps.
#include "engine/kv/relocate.hpp"

#include <cstring>

namespace brim::kv {

void relocate(std::span<StreamStore* const> layers, std::span<const StreamRun> runs) noexcept {
  if (layers.empty()) return;
  std::byte* end = layers.front()->run().keys;
  for (StreamStore* layer : layers) {
    layer->unroll();
    for (int i = 0; i < layer->pieces(); ++i) {
      const StreamStore::Piece piece = layer->piece(i);
      if (piece.bytes == 0) continue;
      std::memmove(end, piece.at, piece.bytes);
      end += piece.bytes;
    }
  }
  for (std::size_t index = layers.size(); index-- > 0;) {
    StreamStore& layer = *layers[index];
    layer.settle(runs[index]);
    for (int i = layer.pieces(); i-- > 0;) {
      const StreamStore::Piece piece = layer.piece(i);
      if (piece.bytes == 0) continue;
      end -= piece.bytes;
      std::memmove(piece.at, end, piece.bytes);
    }
  }
}

}  // namespace brim::kv

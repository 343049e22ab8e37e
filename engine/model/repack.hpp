// Moves weights from the model's file to the memory that products read: into panels (quant/panel.hpp), where this
// machine's kernels gain from them, and otherwise as the file has them. A thread reads a piece of about a megabyte,
// converts it and writes it, so that the weights are never in memory twice.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/base/log.hpp"
#include "engine/base/result.hpp"
#include "engine/base/sha256.hpp"
#include "engine/io/gguf.hpp"
#include "engine/model/weights.hpp"
#include "kernels/runtime.hpp"
#include "platform/new_file.hpp"

namespace brim::model {

/// Which matrices are moved.
enum class Moved {
  panels,  ///< those that gain by being repacked; the others stay in the file
  all,     ///< all of them, so that the file is no longer needed
};

/// Bytes of the weights in their final place: of panels, or rows as in the file. With Moved::panels a token embedding
/// that is only looked up is not counted: it stays in the file.
std::size_t weight_bytes(const Weights& weights, const kernels::Table& table, bool repack, Moved moved);

/// Whether these kernels gain from panels for any of these weights.
bool repacking_pays(const Weights& weights, const kernels::Table& table);

/// Bytes of memory that moved weights take.
std::size_t moved_memory(const Weights& weights, const kernels::Table& table, Moved moved);

/// Makes `weights` refer to `memory` (moved_memory bytes, 64-byte aligned), which must live as long and hold what move_weights()
/// wrote there for the same model.
void use_moved(Weights& weights, const kernels::Table& table, Moved moved, const std::byte* memory);

/// Where moved weights go; a null destination is not written.
struct Destination {
  std::byte* memory = nullptr;    ///< moved_memory bytes
  const NewFile* file = nullptr;  ///< the same from byte `file_start` on
  std::size_t file_start = 0;
  /// The digest of each piece of the file that was read, in an order that depends on the weights alone.
  std::vector<Sha256::Digest>* digests = nullptr;
};

/// Reads every matrix that is moved, once. The runtime's threads work side by side; `progress` is called with the bytes
/// of the file, at most a few megabytes apart. Errors: cancelled; io of the model's file or of the new one;
/// out_of_memory.
Status move_weights(const Weights& weights, const io::Gguf& file, Moved moved, const Destination& to,
                    kernels::Runtime runtime, const Progress& progress);

}  // namespace brim::model

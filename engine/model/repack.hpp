// Weights moved from the file's layout into panels (quant/panel.hpp), where this machine's kernels gain by it. The panels
// lie in one mapping of their own with huge pages; the file's pages are given back as they are read, so that the weights
// are never in memory twice.
#pragma once

#include "engine/base/arena.hpp"
#include "engine/base/log.hpp"
#include "engine/io/gguf.hpp"
#include "engine/model/weights.hpp"

namespace brim::model {

/// Bytes of the weights that are multiplied by, in the layout this machine's kernels read: in panels, with `repack`, where
/// that pays, else as in the file. A token embedding that is only looked up is not counted: it stays in the file.
std::size_t weight_bytes(const Weights& weights, bool repack);

/// Whether repack() has anything to do on this machine.
bool repacking_pays(const Weights& weights);

/// Repacks every matrix whose format gains by it and makes `weights` refer to the returned memory, which must live as long.
/// `threads` work side by side; `progress` hears of bytes of the file. Errors: out_of_memory with the numbers; cancelled.
Result<Arena> repack(Weights& weights, const io::Gguf& file, int threads, const Progress& progress);

}  // namespace brim::model

// Weights moved from the file's layout into panels (quant/panel.hpp), where this machine's kernels gain by it, one after
// another into memory of the caller's. The file's pages are given back as they are read, so that the weights are never
// in memory twice.
#pragma once

#include <cstddef>

#include "engine/base/log.hpp"
#include "engine/base/result.hpp"
#include "engine/io/gguf.hpp"
#include "engine/model/weights.hpp"

namespace brim::model {

/// Bytes of the weights that are multiplied by, in the layout this machine's kernels read: in panels, with `repack`, where
/// that pays, else as in the file. A token embedding that is only looked up is not counted: it stays in the file.
std::size_t weight_bytes(const Weights& weights, bool repack);

/// Whether repack() has anything to do on this machine.
bool repacking_pays(const Weights& weights);

/// Bytes that the panels of all matrices that gain by it take.
std::size_t panel_memory(const Weights& weights);

/// Makes `weights` refer to panels in `memory` (panel_memory bytes, 64-byte aligned), which must live as long and hold
/// what repack() wrote there for the same model.
void use_panels(Weights& weights, const std::byte* memory);

/// Repacks every matrix whose format gains by it into `memory`, and uses it. `threads` work side by side; `progress`
/// hears of bytes of the file. Errors: cancelled.
Status repack(Weights& weights, const io::Gguf& file, std::byte* memory, int threads, const Progress& progress);

}  // namespace brim::model

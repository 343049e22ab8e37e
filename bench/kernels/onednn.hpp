// oneDNN's dense product beside ours: why the engine does not use it (docs/decisions/0009-onednn.md), as a measurement
// anyone can repeat. Compiled where oneDNN is installed.
#pragma once

#include <cstdint>

namespace brim::bench {

/// Rows "onednn/F32/<model>/<tensor>/<tokens>" for every shape of shapes.def, on `threads` threads of its own.
void register_onednn(int threads);

}  // namespace brim::bench

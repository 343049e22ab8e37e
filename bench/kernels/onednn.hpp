// oneDNN's dense product compared with Brim's: a measurement that anyone can repeat of why the engine does not use it
// (docs/decisions/0009-onednn.md). Compiled where oneDNN is installed.
#pragma once

#include <cstdint>

namespace brim::bench {

/// Rows "onednn/F32/<model>/<tensor>/<tokens>" for every shape of shapes.def, on `threads` threads of oneDNN.
void register_onednn(int threads);

}  // namespace brim::bench

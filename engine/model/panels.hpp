// The memory that weights lie in: private to the process with huge pages, or a file in the user's cache folder that later
// starts map as it is and that processes share.
#pragma once

#include <string>
#include <variant>

#include "engine/base/log.hpp"
#include "engine/io/gguf.hpp"
#include "engine/model/repack.hpp"
#include "engine/model/weights.hpp"
#include "kernels/runtime.hpp"
#include "platform/arena.hpp"
#include "platform/mapped_file.hpp"

namespace brim::model {

enum class WeightMemory {
  own,     ///< all weights in memory of this process, in panels where that pays; the file is no longer needed
  shared,  ///< panels in a cache file; what is not repacked stays in the model's file, which is mapped
  file,    ///< not repacked: read in place in the model's file, which is mapped
};

/// Which weights are moved out of the model's file.
inline Moved moved_by(WeightMemory memory) { return memory == WeightMemory::own ? Moved::all : Moved::panels; }

/// The threads that do the work and the callbacks that report it.
struct Repacking {
  kernels::Runtime runtime;
  const Progress& progress;
  const Log& log;
};

/// Owns what `weights` refers to after one of these; nothing for WeightMemory::file.
using Panels = std::variant<std::monostate, Arena, MappedFile>;

/// Moves all weights into memory of this process. Errors: out_of_memory with the numbers; cancelled; io.
Result<Panels> local_panels(Weights& weights, const io::Gguf& file, const Repacking& work);

/// Maps the panels that an earlier call wrote for a model of the same content, or repacks into a new cache file
/// (panel_cache.hpp). Errors: io when it cannot be written or its folder is not this user's alone; cancelled.
Result<Panels> shared_panels(Weights& weights, const io::Gguf& file, const Repacking& work);

}  // namespace brim::model

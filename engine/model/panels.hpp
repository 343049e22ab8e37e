// The memory that repacked weights lie in: private to the process with huge pages, or a file in the user's cache folder
// that later starts map as it is and that processes share.
#pragma once

#include <string>
#include <variant>

#include "engine/base/arena.hpp"
#include "engine/base/file.hpp"
#include "engine/base/log.hpp"
#include "engine/io/gguf.hpp"
#include "engine/model/weights.hpp"

namespace brim::model {

enum class WeightMemory {
  own,     ///< panels of this process alone, in huge pages
  shared,  ///< panels in a cache file
  file,    ///< not repacked: read in place in the model's file
};

/// Who does the work and who hears of it.
struct Repacking {
  int threads = 1;
  const Progress& progress;
  const Log& log;
};

/// Owns what `weights` refers to after one of these; nothing for WeightMemory::file.
using Panels = std::variant<std::monostate, Arena, MappedFile>;

/// Repacks into memory of this process. Errors: out_of_memory with the numbers; cancelled.
Result<Panels> own_panels(Weights& weights, const io::Gguf& file, const Repacking& work);

/// Maps the panels that an earlier call wrote for the same file, or repacks into a new cache file. The cache is
/// $XDG_CACHE_HOME/brim or ~/.cache/brim; its files may be deleted at any time. Errors: io when it cannot be written,
/// cancelled.
Result<Panels> shared_panels(Weights& weights, const io::Gguf& file, const Repacking& work);

}  // namespace brim::model

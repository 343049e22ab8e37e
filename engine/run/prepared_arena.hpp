// Memory for sequences and executors, made resident before it is used: by all threads, with progress, and refused as a
// whole where the machine has too little memory.
#pragma once

#include <algorithm>
#include <cstddef>

#include "engine/base/log.hpp"
#include "engine/base/result.hpp"
#include "kernels/threads.hpp"
#include "platform/arena.hpp"

namespace brim::run {

/// The bytes prepared so far, the total, and the callback that gets them.
struct Preparing {
  const Progress& progress;
  long long done, total;
  /// False: the preparation has to stop.
  bool report() const { return !progress || progress(std::min(done, total), total); }
};

/// An arena of `bytes` whose pages are resident. Errors: out_of_memory with the numbers; cancelled.
Result<Arena> prepared_arena(std::size_t bytes, kernels::Threads threads, Preparing& preparing);

}  // namespace brim::run

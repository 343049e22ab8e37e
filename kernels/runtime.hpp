// The kernels and threads that arithmetic runs on. Passed in by the code that loads a model; nothing below that reads a
// global variable for it, so that models with other kernels or other threads can exist side by side.
#pragma once

#include "kernels/table.hpp"
#include "kernels/threads.hpp"

namespace brim::kernels {

/// The kernels of some instruction sets, and the threads that share the work. Both outlive this object. Passed by
/// value.
struct Runtime {
  const Table& table;
  Threads threads;
};

}  // namespace brim::kernels

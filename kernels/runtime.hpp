// What arithmetic runs on. Passed in from where a model is loaded; nothing below asks a global for it, so that models with other
// kernels or other threads live side by side.
#pragma once

#include "kernels/table.hpp"
#include "kernels/threads.hpp"

namespace brim::kernels {

/// The kernels of some instruction sets, and the threads that share the work. Both outlive it. Passed by value.
struct Runtime {
  const Table& table;
  Threads threads;
};

}  // namespace brim::kernels

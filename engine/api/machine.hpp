// The machine's peaks behind brim_measure_machine: finds a buffer that caches cannot hold and has it read.
#pragma once

#include "engine/base/result.hpp"
#include "kernels/peaks.hpp"

namespace brim::api {

struct MachinePeaks {
  int threads = 1;  ///< threads that were measured: as many as requested, or as the system granted
  kernels::ReadPeak read;
  double int8_operations_per_second = 0;
};

/// Errors: invalid_argument for threads outside [1, 512]; out_of_memory when there is no room for the buffer.
Result<MachinePeaks> measure_machine(int threads);

}  // namespace brim::api

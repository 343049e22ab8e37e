// The measured peaks of this machine: bytes read from memory and 8-bit operations per second. A bench compares its
// rates with these, so that "fast" has a meaning on any machine, also while it is busy.
#pragma once

#include <cstddef>
#include <span>

#include "kernels/runtime.hpp"

namespace brim::kernels {

struct ReadPeak {
  double bytes_per_second = 0;
  int streams = 0;  ///< how many places a thread read at the same time in the fastest run
};

/// Reads `buffer` with `threads`, each in 1, 2, 4, 8, 16 and 32 places at a time, with and without prefetch, and
/// repeats the fastest ways several times; the best median counts. The buffer should be a few times larger than the
/// largest cache and lie in huge pages; for one below 32 MiB the result is 0 bytes per second.
ReadPeak measure_read(Threads threads, std::span<const std::byte> buffer) noexcept;

/// Multiplications and additions of 8-bit values per second, all `threads` at once, by the best instructions of the
/// active set, in registers only: Table::int8_operations. The median of several runs of about 10 ms.
double measure_int8(Runtime runtime) noexcept;

}  // namespace brim::kernels

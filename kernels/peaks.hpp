// What this machine gives at most, measured: bytes read from memory and 8-bit operations a second. A bench puts its own
// rates beside these, so that "fast" has a meaning on any machine, at any moment of a busy one.
#pragma once

#include <cstddef>
#include <span>

#include "kernels/runtime.hpp"

namespace brim::kernels {

struct ReadPeak {
  double bytes_per_second = 0;
  int streams = 0;  ///< how many places a thread read at the same time when it was fastest
};

/// Reads `buffer` with `threads`, each in 1, 2, 4, 8, 16 and 32 places at a time, with and without asking ahead,
/// the fastest ones several times; the best median counts. The buffer should be a few times the largest cache and lie in huge pages;
/// of one below 32 MiB nothing is said (0 bytes per second).
ReadPeak measure_read(Threads threads, std::span<const std::byte> buffer) noexcept;

/// Multiplications and additions of 8-bit values a second, all `threads` at once, by the best instructions of the
/// active set, registers only: Table::int8_operations. The median of several runs of about 10 ms.
double measure_int8(Runtime runtime) noexcept;

}  // namespace brim::kernels

// How a product is cut into register tiles, the same for every set and format. A Kernel has
//   kRows, kTokens       its tile for several tokens,
//   kStreams             rows read at once for fewer tokens than kTokens (a multiple of kRows): each row is a separate
//                        stream for the memory system, and several streams reach more of its bandwidth than one,
//   tile<Rows, Tokens>(product, row, token), which must add up a (row, token) in the same order in every tile.
// Everything in shared/ is in an unnamed namespace: each set gets its own copy, which the linker cannot confuse with
// another one.
#pragma once

#include "kernels/table.hpp"

namespace brim::kernels {
namespace {

/// Prefetches `bytes` bytes from `at` on (harmless beyond the end of the data). A tile of kStreams rows prefetches the
/// rows of the next tile on the way: rows are short, and without this the processor's own prefetching starts again with
/// each row (measured on Zen 5 from DRAM, one thread: Q4_0 22 GB/s instead of 13, Q4_K 20 instead of 7).
inline void ask_for(const std::byte* at, std::int64_t bytes) {
  for (std::int64_t i = 0; i < bytes; i += 64) __builtin_prefetch(at + i, 0, 3);
}

template <class Kernel>
void walk(const Product& p) noexcept {
  std::int64_t row = 0;
  for (; row + Kernel::kStreams <= p.rows; row += Kernel::kStreams) {
    std::int64_t token = 0;
    if constexpr (Kernel::kTokens > 1) {
      const std::int64_t whole = p.tokens / Kernel::kTokens * Kernel::kTokens;
      if (whole > 0) {
        for (int r = 0; r < Kernel::kStreams; r += Kernel::kRows) {
          for (token = 0; token < whole; token += Kernel::kTokens) {
            Kernel::template tile<Kernel::kRows, Kernel::kTokens>(p, row + r, token);
          }
        }
      }
    }
    for (; token + 2 <= p.tokens; token += 2) Kernel::template tile<Kernel::kStreams, 2>(p, row, token);
    for (; token < p.tokens; ++token) Kernel::template tile<Kernel::kStreams, 1>(p, row, token);
  }
  for (; row < p.rows; ++row) {
    std::int64_t token = 0;
    if constexpr (Kernel::kTokens > 1) {
      for (; token + Kernel::kTokens <= p.tokens; token += Kernel::kTokens) {
        Kernel::template tile<1, Kernel::kTokens>(p, row, token);
      }
    }
    for (; token < p.tokens; ++token) Kernel::template tile<1, 1>(p, row, token);
  }
}

}  // namespace
}  // namespace brim::kernels

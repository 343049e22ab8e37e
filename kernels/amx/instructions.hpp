// The processor's tile instructions. They are written in our own assembly instead of with the compilers' intrinsics,
// for two reasons: GCC accepts a tile's number only as a literal, and GCC 12 believes that a configuration is 8 bytes
// long and leaves out the stores to the other 56 bytes. Here every operand is declared, and instructions that move
// tiles from or to memory have a "memory" clobber.
#pragma once

#include <cstddef>

#include "kernels/amx/tiles.hpp"

namespace brim::kernels::amx {
namespace {

struct Instructions {
  static void configure(const Configuration& configuration) { asm volatile("ldtilecfg %0" : : "m"(configuration)); }
  static void release() { asm volatile("tilerelease" : : : "memory"); }

  template <int kTile>
  static void zero() {
    asm volatile("tilezero %%tmm%c0" : : "i"(kTile));
  }
  /// Sixteen rows of 64 bytes, `stride` bytes apart.
  template <int kTile>
  static void load(const void* from, std::size_t stride) {
    asm volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(from), "r"(stride), "i"(kTile) : "memory");
  }
  template <int kTile>
  static void store(void* to, std::size_t stride) {
    asm volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(to), "r"(stride), "i"(kTile) : "memory");
  }
  /// sums[t][r] += Σ tokens[t][c] · weights[c][r], bf16 products of pairs of columns in float.
  template <int kSums, int kTokens, int kWeights>
  static void multiply() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSums), "i"(kTokens), "i"(kWeights));
  }
  /// The same with groups of four 8-bit values instead of pairs: unsigned ones in kTokens, signed ones in kWeights.
  template <int kSums, int kTokens, int kWeights>
  static void multiply_bytes() {
    asm volatile("tdpbusd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSums), "i"(kTokens), "i"(kWeights));
  }
};

}  // namespace
}  // namespace brim::kernels::amx

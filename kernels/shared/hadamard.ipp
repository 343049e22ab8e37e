// The Walsh–Hadamard rotation of vectors whose storage type rotates them (kv_type.hpp), in plain C++ that compilers turn
// into vectors: every sum has one order, so all sets, generic included, have the same bits.
#pragma once

#include "kernels/kv_type.hpp"

namespace brim::kernels {
namespace {

/// x = H · x for one block of `size` values, a power of two of at most kKvRotation.
inline void rotate_kv_block(float* x, int size) {
  // Each round adds and subtracts the halves and interleaves the results, so that the values of the next round lie in
  // halves again; after log2(size) rounds everything is back in its place (Pease, 1968). The factor is 2^(−1/2) a round.
  alignas(64) float rooms[2][kKvRotation];
  const int half = size / 2;
  const float* from = x;
  float factor = 1.0f;
  bool odd = false;
  for (int round = size; round > 1; round /= 2) {
    float* __restrict to = rooms[odd ? 1 : 0];
    const float* __restrict low = from;
    const float* __restrict high = from + half;
    for (int i = 0; i < half; ++i) {
      to[2 * i] = low[i] + high[i];
      to[2 * i + 1] = low[i] - high[i];
    }
    from = to;
    factor = odd ? factor * 0.5f : factor;
    odd = !odd;
  }
  if (odd) factor *= 0.70710678118654752440f;
  for (int i = 0; i < size; ++i) x[i] = from[i] * factor;
}

/// x = H · x for a whole vector.
inline void rotate_kv(float* x, int size) {
  while (size > 0) {
    const int block = kv_rotation_block(size);
    rotate_kv_block(x, block);
    x += block;
    size -= block;
  }
}

}  // namespace
}  // namespace brim::kernels

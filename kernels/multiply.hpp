// Matrix products over threads: prepares the activations once, then hands out row panels. The only way the engine
// multiplies by weights.
#pragma once

#include <cstddef>
#include <cstdint>

#include "quant/matrix.hpp"

namespace brim::kernels {

/// Scratch bytes multiply() needs for `tokens` rows of `cols` activations, whatever the format (64-byte multiple;
/// scratch itself may start anywhere).
std::size_t multiply_scratch_bytes(std::int64_t cols, std::int64_t tokens);

/// out[t * out_stride + r] = Σ_c weights[r][c] · x[t * x_stride + c]. `scratch` holds multiply_scratch_bytes bytes.
/// Bits do not depend on `threads`, nor on how many tokens are in the call.
void multiply(int threads, const quant::Matrix& weights, const float* x, std::int64_t x_stride, std::int64_t tokens,
              float* out, std::int64_t out_stride, std::byte* scratch) noexcept;

}  // namespace brim::kernels

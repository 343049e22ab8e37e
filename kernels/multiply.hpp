// Matrix products over threads: prepares the activations once, then hands out parts of the weights. The only way the engine
// multiplies by weights.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/runtime.hpp"
#include "quant/matrix.hpp"

namespace brim::kernels {

/// Scratch bytes multiply() needs with a table for up to `tokens` rows of up to `cols` activations on up to `threads` threads,
/// whatever the format; scratch itself may start anywhere.
std::size_t multiply_scratch_bytes(const Table& table, std::int64_t cols, std::int64_t tokens, int threads);

/// Activations: x[t * stride + c] for t in [0, tokens), c in [0, cols). Once `cancel` (may be null) is true, tasks that have not
/// begun are left out: the products are then not to be used.
struct Input {
  const float* x;
  std::int64_t stride;
  std::int64_t tokens;
  std::int64_t cols;
  const std::atomic<bool>* cancel = nullptr;
};

/// One matrix of `cols` columns and where its products go: out[t * stride + r] = Σ_c weights[r][c] · x[t][c].
struct Target {
  const quant::Matrix* weights;
  float* out;
  std::int64_t stride;
};
inline constexpr std::size_t kMostTargets = 4;

/// Multiplies one input by up to kMostTargets matrices. `scratch` holds multiply_scratch_bytes bytes. A token's bits do not
/// depend on `threads`, on the other targets, nor on how many tokens are in the call — with one exception: calls of more than
/// kFewTokens may be multiplied in another way (Table::panel_product_many), which is the same for all such calls.
void multiply(Runtime runtime, const Input& input, std::span<const Target> targets, std::byte* scratch) noexcept;

/// The same with one matrix.
inline void multiply(Runtime runtime, const quant::Matrix& weights, const float* x, std::int64_t x_stride,
                     std::int64_t tokens, float* out, std::int64_t out_stride, std::byte* scratch,
                     const std::atomic<bool>* cancel = nullptr) noexcept {
  const Target target{&weights, out, out_stride};
  multiply(runtime, {x, x_stride, tokens, weights.cols, cancel}, {&target, 1}, scratch);
}

}  // namespace brim::kernels

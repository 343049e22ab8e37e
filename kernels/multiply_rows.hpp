// Products of weights that lie row by row, as in a file. Used only by multiply.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/multiply.hpp"
#include "quant/matrix.hpp"

namespace brim::kernels {

std::size_t multiply_rows_scratch_bytes(std::int64_t cols, std::int64_t tokens);

/// multiply() with Layout::rows, at least one row and one token, on the runtime's threads.
void multiply_rows(Runtime runtime, const quant::Matrix& weights, const Input& input, float* out,
                   std::int64_t out_stride, std::byte* scratch) noexcept;

}  // namespace brim::kernels

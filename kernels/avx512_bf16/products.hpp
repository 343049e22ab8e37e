// The products of this set.
#pragma once

#include "kernels/table.hpp"

namespace brim::kernels::avx512_bf16 {

/// Table::prepare for Activation::bf16.
void prepare(const float* values, std::int64_t cols, std::byte* out) noexcept;

/// Products with many tokens.
void fill_gemm(Table& table);

}  // namespace brim::kernels::avx512_bf16

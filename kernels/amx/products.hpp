// The products of this set.
#pragma once

#include "kernels/table.hpp"

namespace brim::kernels::amx {

/// Table::int8_operations: the peak rate of 8-bit products.
std::int64_t int8_operations(std::int64_t rounds) noexcept;

/// Products with many tokens.
void fill_gemm(Table& table);

}  // namespace brim::kernels::amx

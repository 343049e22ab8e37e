// What this set's fill() puts into the table.
#pragma once

#include "kernels/table.hpp"

namespace brim::kernels::neon_i8mm {

/// Table::int8_operations: the peak rate of 8-bit products.
std::int64_t int8_operations(std::int64_t rounds) noexcept;

/// Every quantised format's panels.
void fill_panels(Table& table);

}  // namespace brim::kernels::neon_i8mm

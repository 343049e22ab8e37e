// The products of this set with 8-bit activations, one file per format.
#pragma once

#include "kernels/table.hpp"

namespace brim::kernels::avx2 {

void product_q4_0(const Product& p) noexcept;
void product_q4_1(const Product& p) noexcept;
void product_q5_0(const Product& p) noexcept;
void product_q5_1(const Product& p) noexcept;
void product_q8_0(const Product& p) noexcept;
void product_iq4_nl(const Product& p) noexcept;
void product_q2_k(const Product& p) noexcept;
void product_q3_k(const Product& p) noexcept;
void product_q4_k(const Product& p) noexcept;
void product_q5_k(const Product& p) noexcept;
void product_q6_k(const Product& p) noexcept;
void product_iq4_xs(const Product& p) noexcept;

/// Table::int8_operations: the peak rate of 8-bit products.
std::int64_t int8_operations(std::int64_t rounds) noexcept;

/// Every quantised format's panels.
void fill_panels(Table& table);

}  // namespace brim::kernels::avx2

// The functions that generic's fill() calls, one per file of this folder.
#pragma once

#include "kernels/table.hpp"

namespace brim::kernels::generic {

void fill_products(Table& table);
void fill_attention(Table& table);
void fill_elementwise(Table& table);
void fill_recurrence(Table& table);
void fill_peak(Table& table);

}  // namespace brim::kernels::generic

// The table entries that this set takes from kernels/shared/.
#pragma once

#include "kernels/table.hpp"

namespace brim::kernels::avx2 {

void fill_shared(Table& table);

}  // namespace brim::kernels::avx2

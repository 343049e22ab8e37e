// The attention entries that this set replaces.
#pragma once

#include "kernels/table.hpp"

namespace brim::kernels::neon_dotprod {

void fill_attention(Table& table);

}  // namespace brim::kernels::neon_dotprod

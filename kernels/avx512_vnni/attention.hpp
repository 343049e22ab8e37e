// The attention entries that this set replaces.
#pragma once

#include "kernels/table.hpp"

namespace brim::kernels::avx512_vnni {

void fill_attention(Table& table);

}  // namespace brim::kernels::avx512_vnni

// The table entries that this set takes from kernels/shared/.
#pragma once

#include "kernels/attention_rows.hpp"
#include "kernels/table.hpp"

namespace brim::kernels::avx512 {

void fill_shared(Table& table);

/// For avx512_vnni, which multiplies keys in its own way.
const AttentionRowKernels& attention_row_kernels();

}  // namespace brim::kernels::avx512

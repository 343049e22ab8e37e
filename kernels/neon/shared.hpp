// The table entries that this set takes from kernels/shared/.
#pragma once

#include "kernels/attention_rows.hpp"
#include "kernels/table.hpp"

namespace brim::kernels::neon {

void fill_shared(Table& table);

/// For neon_dotprod, which multiplies keys in its own way.
const AttentionRowKernels& attention_row_kernels();

}  // namespace brim::kernels::neon

// A small product with a known result, computed before a set with tiles is used: some processors, hypervisors and
// emulators have claimed tile instructions that did not exist or were not right.
#pragma once

#include "kernels/table.hpp"

namespace brim::kernels {

/// Whether the table's gemm kernels, if it has any, give exactly the expected numbers for operands that are exact in
/// bf16. Takes microseconds; allocates.
bool gemm_is_right(const Table& table);

}  // namespace brim::kernels

// The AMX set's products, run by an imitation of its instructions, and the same by vdpbf16ps. Only for machines with
// AVX-512 BF16, which the unpacking uses.
#pragma once

#include <string>

#include "kernels/table.hpp"

namespace brim::test {

/// Adds gemm to a table.
void fill_imitated_tiles(kernels::Table& table);

/// The same by vdpbf16ps, for every format, including those whose entry the set leaves empty because it does not pay.
void fill_every_vector_product(kernels::Table& table);

/// Violations of the instructions' rules since the last call, one sentence each; empty when there were none.
std::string tile_faults();
/// Tile multiplications since the last call.
long tile_multiplications();
/// Breaks every rule once; returns how many violations were detected and how many there were.
struct Noticed {
  int noticed, broken;
};
Noticed break_tile_rules();

}  // namespace brim::test

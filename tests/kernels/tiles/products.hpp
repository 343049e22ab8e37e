// The AMX set's products, run by an imitation of its instructions, and the same by vdpbf16ps. Only for machines with AVX-512 BF16, which unpacks.
#pragma once

#include <string>

#include "kernels/table.hpp"

namespace brim::test {

/// Puts the products of many tokens into a table.
void fill_imitated_tiles(kernels::Table& table);

/// The same by vdpbf16ps, for every format, also those whose entry the set leaves alone because it does not pay.
void fill_every_vector_product(kernels::Table& table);

/// What broke the instructions' rules since the last call, one sentence each; empty when nothing did.
std::string tile_faults();
/// Tile multiplications since the last call.
long tile_multiplications();
/// Breaks every rule once, and returns how many of them were noticed and how many there were.
struct Noticed {
  int noticed, broken;
};
Noticed break_tile_rules();

}  // namespace brim::test

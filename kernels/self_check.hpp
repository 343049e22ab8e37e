// A small product whose result is known, tried before a set with tiles is used: processors, hypervisors and emulators have
// claimed tile instructions that were not there or not right.
#pragma once

#include "kernels/table.hpp"

namespace brim::kernels {

/// Whether the table's products of many tokens, as far as it has any, give the very numbers they must for operands that
/// are exact in bf16. Takes microseconds; allocates.
bool many_is_right(const Table& table);

}  // namespace brim::kernels

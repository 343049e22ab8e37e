// Moves quotas between layers: every layer's entries to a run of another size, inside the same memory and without extra
// memory.
#pragma once

#include <span>

#include "engine/kv/stream_store.hpp"

namespace brim::kv {

/// Gives layer i the run runs[i], which has a slot for each of its entries. The runs, old and new, lie one after
/// another in the order of layers. Entries, their order and everything known about them do not change. Allocates
/// nothing; touches every byte in use twice.
void relocate(std::span<StreamStore* const> layers, std::span<const StreamRun> runs) noexcept;

}  // namespace brim::kv

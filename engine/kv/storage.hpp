// How each layer is stored, where the split decides that (kv.split joint): the types that calibration measured, what entries
// cost in each, and the shape and the profile that follow from a choice. Part of the plan.
#pragma once

#include <span>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/kv/plan.hpp"
#include "engine/kv/profile.hpp"

namespace brim::kv {

/// The types of the profile in which every layer can be stored, with entries no larger than in `shape`, in the order in
/// which they were measured. With `checkpoints`, entries of layers with a window cost what their copies cost too. Errors:
/// invalid_argument where these are fewer than two.
Result<std::vector<StorageChoice>> storage_choices(const Shape& shape, const Needs& needs, int checkpoints,
                                                   const Profile& profile);

/// Has the split choose for layers that may cost `bytes` together, and sets their storage; `profile` becomes the one
/// with each layer's curve in its own types.
void store_layers(const Split& split, std::span<const StorageChoice> choices, std::int64_t bytes, Shape& shape,
                  Profile& profile);

}  // namespace brim::kv

// How distinct a key is from those before it: the arithmetic of EntryMeasure::distinctness, after KeyDiff (arXiv
// 2504.15364), which compares all keys of a prompt with their mean; here a key is compared once, when it is processed,
// with the keys so far (ours).
#pragma once

namespace brim::kv {

/// Adds the direction of `key`, key / ‖key‖, to `anchor`, the sum of the directions of the keys before it, and returns
/// −cos of the angle between the two: 1 for a key unlike the others, −1 for one like them all, and for the first. A key
/// of zeros changes nothing and gives 0, as does an anchor of zeros; where a value is not finite, the result is NaN, and
/// so are later ones. Both have `size` values. Sums are added up in one order on every machine; any number of threads
/// may call it, each with another anchor.
float add_and_compare(const float* key, int size, float* anchor) noexcept;

}  // namespace brim::kv

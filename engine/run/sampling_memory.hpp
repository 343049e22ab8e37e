// The memory that picking a token takes: the executor has it once and lends it to one sampler at a time.
#pragma once

#include <cstddef>
#include <cstdint>

namespace brim::run {

/// Bytes per token of the vocabulary that a chain with every sampler uses (engine/generate/sampling_memory.hpp).
inline constexpr std::int64_t kSamplingBytes = 44;

/// Bytes for a vocabulary of this size, with what aligns their ranges.
constexpr std::int64_t sampling_memory(std::int64_t vocabulary) { return kSamplingBytes * vocabulary + 4 * 64; }

}  // namespace brim::run

// The number of a token in a model's vocabulary.
#pragma once

#include <cstdint>

namespace brim {

/// From 0 up to the vocabulary's size; what a negative one means is said where one is returned.
using TokenId = std::int32_t;

}  // namespace brim

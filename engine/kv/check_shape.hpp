// What shapes a KV memory can have.
#pragma once

#include "engine/base/result.hpp"
#include "engine/kv/layout.hpp"

namespace brim::kv {

/// Checks numbers that come from a model file before bytes are computed from them. Errors: invalid_argument, with the
/// layer and what was expected.
Status check_shape(const Shape& shape);

}  // namespace brim::kv

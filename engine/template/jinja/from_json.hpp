// The caller's variables on their way in.
#pragma once

#include "engine/template/jinja/value.hpp"
#include "engine/text/json_tree.hpp"

namespace brim::templates::jinja {

/// JSON as values. Text is cleaned of what is not UTF-8. Fails when it nests more than kMaxValueDepth levels deep.
Value from_json(const text::JsonTree& json, int depth = 0);

}  // namespace brim::templates::jinja

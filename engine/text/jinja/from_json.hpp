// The caller's variables on their way in.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "engine/text/jinja/value.hpp"

namespace brim::text::jinja {

/// JSON as values. Text is cleaned of what is no UTF-8. Fails when it nests more than kMaxValueDepth levels deep.
Value from_json(const nlohmann::ordered_json& json, int depth = 0);

}  // namespace brim::text::jinja

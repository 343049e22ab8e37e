// The product's policies and those of research/, as `brim eval` and `brim calibrate` offer them.
#pragma once

#include "engine/kv/policies.hpp"

namespace brim::research {

/// The product's tables, then those of research/budgets.def and research/scorers.def.
kv::Policies all_policies() noexcept;

}  // namespace brim::research

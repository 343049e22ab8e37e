// Whether a profile was measured as it is used: the curves of a layer under one rule, in one storage type and over texts
// of one length are not those under another. And whether it is used at all, where that is left to the plan.
#pragma once

#include <string>

#include "engine/kv/plan.hpp"
#include "engine/model/profile_file.hpp"

namespace brim::run {

/// Where `plan` divides the budget by a profile that was measured under another rule, in another storage type or over
/// texts of another length, one sentence that says so; otherwise empty. Another length is less than half of the
/// context or more than twice as much. A profile that does not say how it was measured is not remarked on. Where the
/// plan is uniform because the profile shows no real difference between layers (Plan::layers_alike), the sentence says
/// that.
std::string profile_remark(const kv::Plan& plan, const model::FoundProfile& found);

}  // namespace brim::run

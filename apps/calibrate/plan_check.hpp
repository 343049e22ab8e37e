// What a profile predicts of whole plans, against what they lose: curves are measured one layer at a time and added up as
// if layers did not interact, and this says by how much that is wrong.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "apps/calibrate/sensitivity.hpp"
#include "engine/kv/plan.hpp"
#include "engine/model/profile_file.hpp"

namespace brim::apps {

/// The budgets of the plans that are measured, as shares of the whole cache.
inline constexpr double kPlanShares[] = {0.25, 0.125, 0.0625};

/// Losses per token, of the kind that the profile's are.
struct PlanLoss {
  double share = 0;
  std::string split;   ///< what the profile is used by, where no split is requested
  std::string stored;  ///< kv::stored_as()
  double predicted = 0, measured = 0;
};

/// The sum of the losses that the profile's curves have at the quotas and types of a plan for its layers.
double predicted_loss(const kv::Profile& profile, const kv::Plan& plan);

/// For each of kPlanShares for which there is a plan: what a session with this profile would get, measured on the windows
/// of the calibration. The numbers are the same for any number of threads. Errors: those of prefill; cancelled, where
/// `progress` returns false.
Result<std::vector<PlanLoss>> measure_plans(const Measuring& with, std::span<const Window> windows,
                                            const model::ProfileFile& file,
                                            const std::function<bool(std::int64_t done, std::int64_t total)>& progress);

/// Lines for people; empty without plans.
std::string plans_report(std::span<const PlanLoss> plans);

}  // namespace brim::apps

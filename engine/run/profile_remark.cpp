// See profile_remark.hpp.
#include "engine/run/profile_remark.hpp"

#include <cmath>

#include "engine/base/quote.hpp"
#include "engine/base/sentence.hpp"

namespace brim::run {
namespace {

/// A context of at most this many times the measured length, or the other way round, counts as the same.
constexpr std::int64_t kSameLength = 2;

double rounded(double number) { return std::round(number * 1e4) / 1e4; }

std::string alike_remark(const kv::Profile& profile) {
  return sentence("the profile of the model's layers shows no real difference between them (that all are equal: p = ",
                  rounded(profile.equal_layers_p), ", expected at most ", kv::kMaxEqualLayersP, "; inequality ",
                  rounded(kv::layer_inequality(profile)), ", expected at least ", kv::kMinLayerInequality,
                  "): the KV budget is divided uniformly; brim calibrate may find one with more text and windows");
}

}  // namespace

std::string profile_remark(const kv::Plan& plan, const model::FoundProfile& found) {
  if (!found.profile || plan.budget_bytes >= plan.full_bytes) return {};
  if (plan.layers_alike) return alike_remark(*found.profile);
  if (!plan.splitter->needs_profile()) return {};
  std::string measured, used;
  const auto differs = [&](std::string_view what, const std::string& then, const std::string& now) {
    measured += sentence(measured.empty() ? "" : ", ", what, then);
    used += sentence(used.empty() ? "" : ", ", what, now);
  };
  if (!found.keep.empty() && found.keep != plan.keep) differs("kv.keep=", quoted(found.keep), quoted(plan.keep));
  // A split that chooses how layers are stored chooses among the types that were measured.
  const std::string measured_type(kernels::kv_types_name(found.profile->types)), type(kv::stored_as(plan.shape));
  if (!plan.splitter->chooses_storage() && measured_type != type) differs("kv.type=", measured_type, type);
  const std::int64_t context = plan.shape.context, length = found.context;
  if (length > 0 && (context > kSameLength * length || length > kSameLength * context)) {
    differs("context=", sentence(length), sentence(context));
  }
  if (measured.empty()) return {};
  return sentence("the profile of the model's layers was measured with ", measured, " and is used with ", used,
                  ": the KV split ", plan.split,
                  " may divide the budget less well than by one that brim calibrate "
                  "measures with these");
}

}  // namespace brim::run

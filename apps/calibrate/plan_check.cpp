// See plan_check.hpp.
#include "apps/calibrate/plan_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <numeric>

#include "engine/kv/budgets/curves.hpp"
#include "engine/kv/layout.hpp"

namespace brim::apps {
namespace {

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) /
         static_cast<double>(std::max<std::size_t>(values.size(), 1));
}

}  // namespace

double predicted_loss(const kv::Profile& profile, const kv::Plan& plan) {
  double sum = 0;
  for (std::size_t i = 0; i < std::min(profile.layers.size(), plan.quota.size()); ++i) {
    const kv::StreamShape& layer = plan.shape.layers[i];
    kv::LayerProfile curve = profile.layers[i];
    for (const kv::TypedLosses& other : profile.others) {
      if (other.types == layer.types) curve.loss = other.loss[i];
    }
    const auto useful = static_cast<double>(kv::useful_entries(layer, plan.shape.context));
    sum += kv::loss_at(kv::curve_of(curve), static_cast<double>(plan.quota[i]) / useful);
  }
  return sum;
}

Result<std::vector<PlanLoss>> measure_plans(
    const Measuring& with, std::span<const Window> windows, const model::ProfileFile& file,
    const std::function<bool(std::int64_t done, std::int64_t total)>& progress) {
  run::SequenceOptions options = with.sequence;
  options.profile = std::make_shared<const kv::Profile>(file.profile);
  options.split = nullptr;
  const auto within = [&](double share) {
    run::SequenceOptions own = options;
    own.budget = {kv::BudgetRequest::Kind::percent, 0, 100 * share};
    return own;
  };
  std::vector<PlanLoss> plans;
  for (const double share : kPlanShares) {
    const auto plan = run::plan_memory(with.model->config(), with.model->table(), within(share));
    if (!plan) continue;  // too few bytes
    plans.push_back(
        {share, plan->kv.split, std::string(kv::stored_as(plan->kv.shape)), predicted_loss(file.profile, plan->kv), 0});
  }
  const auto total = static_cast<std::int64_t>(windows.size() * (1 + plans.size()));
  std::int64_t done = 0;
  const KeepGoing keep_going = [&] { return progress(done, total); };
  run::SequenceOptions whole = options;
  whole.budget = {kv::BudgetRequest::Kind::full, 0, 0};
  for (const Window& window : plans.empty() ? std::span<const Window>() : windows) {
    BRIM_ASSIGN(const auto complete, run::Sequence::create(with.model, whole));
    BRIM_ASSIGN(const Reference reference,
                measure_reference(*complete, window, with.chunk, with.loop_threads, keep_going));
    ++done;
    for (PlanLoss& plan : plans) {
      BRIM_ASSIGN(const auto sequence, run::Sequence::create(with.model, within(plan.share)));
      BRIM_ASSIGN(const Scores scores,
                  measure_continuation(*sequence, window, with.chunk, with.loop_threads, reference, keep_going));
      const double loss = file.loss == "nll" ? mean(scores.nll) - mean(reference.nll) : mean(scores.kl);
      plan.measured += loss / static_cast<double>(windows.size());
      ++done;
    }
  }
  return plans;
}

std::string plans_report(std::span<const PlanLoss> plans) {
  if (plans.empty()) return {};
  std::string out = "whole plans by this profile: the losses of their layers added up, and measured together\n";
  for (const PlanLoss& plan : plans) {
    out += fmt::format("  {:>5.4g} %  {} in {}: predicted {:.5f}, measured {:.5f}\n", 100 * plan.share, plan.split,
                       plan.stored, plan.predicted, plan.measured);
  }
  return out;
}

}  // namespace brim::apps

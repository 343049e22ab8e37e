// See comparisons.hpp.
#include "research/kv_suite/comparisons.hpp"

#include <algorithm>
#include <string_view>

namespace brim::apps {
namespace {

std::optional<Comparison> compared(const Outcome& a, const Outcome& b, const std::string& metric,
                                   std::vector<double>* means = nullptr) {
  const bool recall = metric == "recall";
  const auto& values = recall ? &Outcome::recall : metric == "kl" ? &Outcome::kl : &Outcome::nll_increase;
  if ((a.*values).empty() || (b.*values).empty()) return std::nullopt;
  const Positions gap = differences(a.*values, b.*values);
  const std::vector<double> resampled = resampled_means(gap, recall ? a.document_texts : a.window_texts);
  if (means != nullptr) *means = resampled;
  return Comparison{
      a.arm.name,  b.arm.name, a.ratio, metric, mean_of(gap), middle_of(resampled), a.footprint != b.footprint,
      std::nullopt};
}

void add_pair(const Outcome& a, const Outcome* b, std::vector<Comparison>& paired,
              std::initializer_list<const char*> metrics = {"kl", "dnll", "recall"}) {
  if (b == nullptr || &a == b) return;
  for (const char* metric : metrics) {
    const bool there = std::any_of(paired.begin(), paired.end(), [&](const Comparison& pair) {
      return pair.a == a.arm.name && pair.b == b->arm.name && pair.ratio == a.ratio && pair.metric == metric;
    });
    if (there) continue;
    if (std::optional<Comparison> pair = compared(a, *b, metric)) paired.push_back(std::move(*pair));
  }
}

bool has_equal_quotas(const Outcome& outcome) {
  const Arm& arm = outcome.arm;
  return arm.split == &kv::uniform_split() && !arm.full && !arm.heads_apart && !arm.reads_sparsely && !arm.replays;
}

}  // namespace

const Outcome* find_outcome(const std::vector<Outcome>& outcomes, const std::string& name, double ratio) {
  for (const Outcome& outcome : outcomes) {
    if (outcome.arm.name == name && outcome.ratio == ratio && outcome.skipped.empty()) return &outcome;
  }
  return nullptr;
}

const Outcome* best_equal(const std::vector<Outcome>& outcomes, double ratio, const std::string& metric) {
  const bool recall = metric == "recall";
  const auto value = [&](const Outcome& outcome) {
    return recall ? -mean_of(outcome.recall) : mean_of(metric == "kl" ? outcome.kl : outcome.nll_increase);
  };
  const Outcome* best = nullptr;
  for (const Outcome& outcome : outcomes) {
    if (outcome.ratio != ratio || !outcome.skipped.empty() || !has_equal_quotas(outcome)) continue;
    if (recall && outcome.recall.empty()) continue;
    if (best == nullptr || value(outcome) < value(*best)) best = &outcome;
  }
  return best;
}

std::vector<Comparison> compare(const std::vector<Outcome>& outcomes) {
  std::vector<Comparison> paired;
  for (const Outcome& outcome : outcomes) {
    if (outcome.arm.full || !outcome.skipped.empty()) continue;
    add_pair(outcome, find_outcome(outcomes, "uniform", outcome.ratio), paired);
    if (!has_equal_quotas(outcome)) {
      for (const char* metric : {"kl", "recall"})
        add_pair(outcome, best_equal(outcomes, outcome.ratio, metric), paired, {metric});
    }
    if (outcome.arm.needs_profile) add_pair(outcome, find_outcome(outcomes, "shuffled", outcome.ratio), paired);
    if (outcome.arm.name == "joint") add_pair(outcome, find_outcome(outcomes, "depth-q8_0", outcome.ratio), paired);
    if (outcome.arm.name == "depth") add_pair(outcome, find_outcome(outcomes, "zigzag", outcome.ratio), paired);
  }
  return paired;
}

std::vector<Comparison> compare_named(const std::vector<Outcome>& outcomes,
                                      const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::vector<Comparison> named;
  std::vector<double> p;
  for (const auto& [a, b] : pairs) {
    for (const Outcome& outcome : outcomes) {
      if (outcome.arm.name != a || !outcome.skipped.empty()) continue;
      const Outcome* other = find_outcome(outcomes, b, outcome.ratio);
      if (other == nullptr) continue;
      for (const char* metric : {"kl", "recall"}) {
        std::vector<double> means;
        std::optional<Comparison> pair = compared(outcome, *other, metric, &means);
        if (!pair) continue;
        named.push_back(std::move(*pair));
        p.push_back(p_of_zero(means));
      }
    }
  }
  const std::vector<double> adjusted = holm(p);
  for (std::size_t i = 0; i < named.size(); ++i) named[i].p = adjusted[i];
  return named;
}

}  // namespace brim::apps

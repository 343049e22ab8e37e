// See report.hpp.
#include "research/kv_suite/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/terminal/printable.hpp"
#include "apps/terminal/quantities.hpp"

namespace brim::apps {
namespace {

using Json = nlohmann::ordered_json;

const Outcome* find(const std::vector<Outcome>& outcomes, const std::string& name, double ratio) {
  for (const Outcome& outcome : outcomes) {
    if (outcome.arm.name == name && outcome.ratio == ratio && outcome.skipped.empty()) return &outcome;
  }
  return nullptr;
}

void add_pair(const Outcome& a, const Outcome* b, std::vector<Comparison>& paired) {
  if (b == nullptr || &a == b) return;
  const bool distinct = a.footprint != b->footprint;
  for (const char* metric : {"kl", "dnll"}) {
    const bool kl = std::string_view(metric) == "kl";
    const Positions gap = kl ? differences(a.kl, b->kl) : differences(a.nll_increase, b->nll_increase);
    paired.push_back({a.arm.name, b->arm.name, a.ratio, metric, mean_of(gap), bootstrap(gap), distinct});
  }
}

double speed(const Outcome& outcome) { return outcome.seconds > 0 ? outcome.tokens / outcome.seconds : 0; }

/// How an arm stored numbers; for an arm that was skipped, how it would have stored them.
std::string stored(const Outcome& outcome) {
  return outcome.stored.empty() ? std::string(kernels::kv_types_name(outcome.arm.type)) : outcome.stored;
}

/// "96 160", with each layer's types where they differ: "96 f16, 160 q8_0".
std::string quotas(const Outcome& outcome) {
  if (outcome.stored != "mixed") return fmt::format("{}", fmt::join(outcome.quota, " "));
  std::string text;
  for (std::size_t i = 0; i < outcome.quota.size(); ++i) {
    text += fmt::format("{}{} {}", i == 0 ? "" : ", ", outcome.quota[i], kernels::kv_types_name(outcome.types[i]));
  }
  return text;
}

std::string percent(double ratio) { return fmt::format("{:.4g} %", 100 * ratio); }

// How an arm compares with another: "better", "worse", "—" (the interval contains 0) or "same".
std::string verdict(const std::vector<Comparison>& paired, const std::string& a, const std::string& b, double ratio) {
  for (const Comparison& pair : paired) {
    if (pair.a != a || pair.b != b || pair.ratio != ratio || pair.metric != "kl") continue;
    if (!pair.distinguishable) return "same quotas";
    const std::string text =
        fmt::format("{:+.4f} [{:+.4f}, {:+.4f}]", pair.difference, pair.interval.low, pair.interval.high);
    return pair.interval.high < 0 ? "**" + text + "**" : text;
  }
  return "";
}

}  // namespace

std::vector<Comparison> compare(const std::vector<Outcome>& outcomes) {
  std::vector<Comparison> paired;
  for (const Outcome& outcome : outcomes) {
    if (outcome.arm.full || !outcome.skipped.empty()) continue;
    add_pair(outcome, find(outcomes, "uniform", outcome.ratio), paired);
    if (outcome.arm.needs_profile) add_pair(outcome, find(outcomes, "shuffled", outcome.ratio), paired);
    if (outcome.arm.name == "joint") add_pair(outcome, find(outcomes, "depth-q8_0", outcome.ratio), paired);
    if (outcome.arm.name == "depth") add_pair(outcome, find(outcomes, "zigzag", outcome.ratio), paired);
  }
  return paired;
}

std::string suite_json(const std::vector<Outcome>& outcomes, const std::vector<Comparison>& paired) {
  Json json = {{"arms", Json::array()}, {"paired", Json::array()}};
  for (const Outcome& outcome : outcomes) {
    const Arm& arm = outcome.arm;
    Json row = {{"arm", arm.name},
                {"split", arm.split->name()},
                {"keep", arm.keep->name()},
                {"kv_type", stored(outcome)},
                {"ratio", outcome.ratio},
                {"budget_bytes", outcome.budget_bytes},
                {"peak_kv_bytes", nullptr},
                {"dnll", nullptr},
                {"kl", nullptr},
                {"kl_ci", nullptr},
                {"top1", nullptr},
                {"recall", nullptr},
                {"tok_s", nullptr}};
    if (outcome.skipped.empty()) {
      const Interval interval = bootstrap(outcome.kl);
      row["peak_kv_bytes"] = outcome.peak_bytes;
      row["dnll"] = mean_of(outcome.nll_increase);
      row["kl"] = mean_of(outcome.kl);
      row["kl_ci"] = {interval.low, interval.high};
      row["top1"] = mean_of(outcome.same_top);
      if (outcome.recall) row["recall"] = *outcome.recall;
      row["tok_s"] = speed(outcome);
    }
    json["arms"].push_back(std::move(row));
  }
  for (const Comparison& pair : paired) {
    Json row = {
        {"a", pair.a}, {"b", pair.b}, {"ratio", pair.ratio}, {"metric", pair.metric}, {"diff", pair.difference}};
    row["ci"] = pair.distinguishable ? Json({pair.interval.low, pair.interval.high}) : Json();
    json["paired"].push_back(std::move(row));
  }
  return printable_json(json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)) + "\n";
}

std::string suite_csv(const std::vector<Outcome>& outcomes) {
  std::string out =
      "arm,split,keep,kv_type,ratio,budget_bytes,peak_kv_bytes,dnll,kl,kl_low,kl_high,top1,recall,tok_s\n";
  for (const Outcome& outcome : outcomes) {
    const Arm& arm = outcome.arm;
    out += fmt::format("{},{},{},{},{},{}", arm.name, arm.split->name(), arm.keep->name(), stored(outcome),
                       outcome.ratio, outcome.budget_bytes);
    if (!outcome.skipped.empty()) {
      out += ",,,,,,,,\n";
      continue;
    }
    const Interval interval = bootstrap(outcome.kl);
    out += fmt::format(",{},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{},{:.6g}\n", outcome.peak_bytes,
                       mean_of(outcome.nll_increase), mean_of(outcome.kl), interval.low, interval.high,
                       mean_of(outcome.same_top), outcome.recall ? fmt::format("{:.6g}", *outcome.recall) : "",
                       speed(outcome));
  }
  return out;
}

std::string suite_table(const std::vector<Outcome>& outcomes, const std::vector<Comparison>& paired) {
  std::string out;
  double ratio = -1;
  for (const Outcome& outcome : outcomes) {
    if (outcome.ratio != ratio) {
      ratio = outcome.ratio;
      out += fmt::format("{}{} of the whole cache: {}, chunks of {}\n\n", out.empty() ? "" : "\n", percent(ratio),
                         bytes_text(outcome.budget_bytes), outcome.chunk);
      out +=
          "| arm | KL | 95 % | ΔNLL | top-1 | recall | tok/s | KL − uniform | quotas "
          "|\n|---|--:|--:|--:|--:|--:|--:|--:|---|\n";
    }
    if (!outcome.skipped.empty()) {
      out += fmt::format("| {} | skipped: {} | | | | | | | |\n", outcome.arm.name, printable_line(outcome.skipped));
      continue;
    }
    const Interval interval = bootstrap(outcome.kl);
    out += fmt::format("| {} | {:.4f} | {:.4f}–{:.4f} | {:+.4f} | {:.3f} | {} | {:.0f} | {} | {} |\n", outcome.arm.name,
                       mean_of(outcome.kl), interval.low, interval.high, mean_of(outcome.nll_increase),
                       mean_of(outcome.same_top), outcome.recall ? fmt::format("{:.2f}", *outcome.recall) : "–",
                       speed(outcome), verdict(paired, outcome.arm.name, "uniform", outcome.ratio), quotas(outcome));
  }
  std::string lines;
  for (const Outcome& outcome : outcomes) {
    const Outcome* lots = find(outcomes, "shuffled", outcome.ratio);
    if (!outcome.skipped.empty() || !outcome.arm.needs_profile || lots == nullptr || lots == &outcome) continue;
    const double own = mean_of(outcome.kl);
    const auto worse =
        std::count_if(lots->kl_by_seed.begin(), lots->kl_by_seed.end(), [&](double kl) { return kl > own; });
    lines += fmt::format("* {}, {}: {}; {} of {}\n", percent(outcome.ratio), outcome.arm.name,
                         verdict(paired, outcome.arm.name, "shuffled", outcome.ratio), worse, lots->kl_by_seed.size());
  }
  if (!lines.empty()) {
    out += "\nAgainst shuffled quotas (KL; bold: the interval is below 0; how many of the permutations are worse)\n\n" +
           lines;
  }
  return out;
}

}  // namespace brim::apps

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

const Comparison* find_pair(const std::vector<Comparison>& paired, const Outcome& a, const std::string& b,
                            const std::string& metric) {
  for (const Comparison& pair : paired) {
    if (pair.a == a.arm.name && pair.b == b && pair.ratio == a.ratio && pair.metric == metric) return &pair;
  }
  return nullptr;
}

// "−.01 [−.02, −.00]", bold where the interval says better.
std::string verdict(const Comparison* pair) {
  if (pair == nullptr) return "";
  if (!pair->distinguishable) return "same quotas";
  const bool recall = pair->metric == "recall";
  const std::string text =
      fmt::format("{:+.4f} [{:+.4f}, {:+.4f}]", pair->difference, pair->interval.low, pair->interval.high);
  return (recall ? pair->interval.low > 0 : pair->interval.high < 0) ? "**" + text + "**" : text;
}

std::string recall_text(const Outcome& outcome) {
  if (outcome.recall.empty()) return "–";
  const Interval interval = bootstrap(outcome.recall, outcome.document_texts);
  return fmt::format("{:.2f} [{:.2f}, {:.2f}]", mean_of(outcome.recall), interval.low, interval.high);
}

Json comparison_json(const Comparison& pair) {
  Json row = {{"a", pair.a}, {"b", pair.b}, {"ratio", pair.ratio}, {"metric", pair.metric}, {"diff", pair.difference}};
  row["ci"] = pair.distinguishable ? Json({pair.interval.low, pair.interval.high}) : Json();
  if (pair.p) row["p"] = *pair.p;
  return row;
}

// What an arm measured, into its row.
void add_measured(const Outcome& outcome, Json& row) {
  const Interval interval = bootstrap(outcome.kl, outcome.window_texts);
  row["peak_kv_bytes"] = outcome.peak_bytes;
  row["dnll"] = mean_of(outcome.nll_increase);
  row["kl"] = mean_of(outcome.kl);
  row["kl_ci"] = {interval.low, interval.high};
  row["top1"] = mean_of(outcome.same_top);
  row["tok_s"] = speed(outcome);
  if (outcome.recall.empty()) return;
  const Interval found = bootstrap(outcome.recall, outcome.document_texts);
  row["recall"] = mean_of(outcome.recall);
  row["recall_ci"] = {found.low, found.high};
  row["recall_rebases"] = outcome.rebases / static_cast<double>(outcome.recall.size());
  for (const auto& [kind, shares] : outcome.recall_by_kind) row["recall_by_kind"][kind] = mean_of(shares);
}

std::string against_best_equal(const SuiteReport& report) {
  std::string lines;
  for (const Outcome& outcome : report.outcomes) {
    if (outcome.arm.full || !outcome.skipped.empty()) continue;
    for (const char* metric : {"kl", "recall"}) {
      const Outcome* best = best_equal(report.outcomes, outcome.ratio, metric);
      if (best == nullptr || best == &outcome || outcome.arm.split == best->arm.split) continue;
      const std::string text = verdict(find_pair(report.paired, outcome, best->arm.name, metric));
      if (text.empty()) continue;
      lines += fmt::format("* {}, {} − {}, {}: {}\n", percent(outcome.ratio), outcome.arm.name, best->arm.name, metric,
                           text);
    }
  }
  if (lines.empty()) return "";
  return "\nAgainst the best arm of equal quotas in any type (bold: better, the interval is clear of 0)\n\n" + lines;
}

std::string against_shuffled(const SuiteReport& report) {
  std::string lines;
  for (const Outcome& outcome : report.outcomes) {
    const Outcome* lots = find_outcome(report.outcomes, "shuffled", outcome.ratio);
    if (!outcome.skipped.empty() || !outcome.arm.needs_profile || lots == nullptr || lots == &outcome) continue;
    const double own = mean_of(outcome.kl);
    const auto worse =
        std::count_if(lots->kl_by_seed.begin(), lots->kl_by_seed.end(), [&](double kl) { return kl > own; });
    lines += fmt::format("* {}, {}: {}; {} of {}\n", percent(outcome.ratio), outcome.arm.name,
                         verdict(find_pair(report.paired, outcome, "shuffled", "kl")), worse, lots->kl_by_seed.size());
  }
  if (lines.empty()) return "";
  return "\nAgainst shuffled quotas (KL; bold: the interval is below 0; how many of the permutations are worse)\n\n" +
         lines;
}

std::string named_comparisons(const SuiteReport& report) {
  if (report.named.empty()) return "";
  std::string out = "\nNamed beforehand (p: after Holm's correction for all of these)\n\n";
  for (const Comparison& pair : report.named) {
    out += fmt::format("* {}, {} − {}, {}: {}, p = {:.3g}\n", percent(pair.ratio), pair.a, pair.b, pair.metric,
                       verdict(&pair), pair.p.value_or(1));
  }
  return out;
}

}  // namespace

std::string suite_json(const SuiteReport& report) {
  Json json = {{"arms", Json::array()}, {"paired", Json::array()}, {"named", Json::array()}};
  for (const Outcome& outcome : report.outcomes) {
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
    if (outcome.skipped.empty()) add_measured(outcome, row);
    json["arms"].push_back(std::move(row));
  }
  for (const Comparison& pair : report.paired) json["paired"].push_back(comparison_json(pair));
  for (const Comparison& pair : report.named) json["named"].push_back(comparison_json(pair));
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
    const Interval interval = bootstrap(outcome.kl, outcome.window_texts);
    out += fmt::format(",{},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{},{:.6g}\n", outcome.peak_bytes,
                       mean_of(outcome.nll_increase), mean_of(outcome.kl), interval.low, interval.high,
                       mean_of(outcome.same_top),
                       outcome.recall.empty() ? "" : fmt::format("{:.6g}", mean_of(outcome.recall)), speed(outcome));
  }
  return out;
}

std::string suite_table(const SuiteReport& report) {
  std::string out;
  double ratio = -1;
  for (const Outcome& outcome : report.outcomes) {
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
    const Interval interval = bootstrap(outcome.kl, outcome.window_texts);
    out += fmt::format("| {} | {:.4f} | {:.4f}–{:.4f} | {:+.4f} | {:.3f} | {} | {:.0f} | {} | {} |\n", outcome.arm.name,
                       mean_of(outcome.kl), interval.low, interval.high, mean_of(outcome.nll_increase),
                       mean_of(outcome.same_top), recall_text(outcome), speed(outcome),
                       verdict(find_pair(report.paired, outcome, "uniform", "kl")), quotas(outcome));
  }
  return out + against_best_equal(report) + against_shuffled(report) + named_comparisons(report);
}

}  // namespace brim::apps

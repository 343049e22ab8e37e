// See metrics.hpp.
#include "apps/serve/metrics.hpp"

#include <fmt/format.h>

#include <string_view>

namespace brim::apps::serve {
namespace {

struct Counter {
  const char *name, *type, *help;
  std::int64_t (*value)(const ModelCounters&);
};

constexpr Counter kCounters[] = {
    {"brim_seats", "gauge", "Requests that can be worked on at a time.",
     [](const ModelCounters& of) { return std::int64_t{of.stats.seats}; }},
    {"brim_seats_busy", "gauge", "Seats that have a request.",
     [](const ModelCounters& of) { return std::int64_t{of.stats.busy}; }},
    {"brim_requests_waiting", "gauge", "Requests that wait for a seat.",
     [](const ModelCounters& of) { return of.stats.waiting; }},
    {"brim_requests_finished_total", "counter", "Requests whose answer reached its end.",
     [](const ModelCounters& of) { return of.stats.finished; }},
    {"brim_requests_failed_total", "counter", "Requests that ended otherwise, cancelled ones included.",
     [](const ModelCounters& of) { return of.stats.failed; }},
    {"brim_requests_refused_total", "counter", "Requests that found the queue full.",
     [](const ModelCounters& of) { return of.stats.refused; }},
    {"brim_prompt_tokens_total", "counter", "Tokens of the prompts of requests that have ended.",
     [](const ModelCounters& of) { return of.stats.prompt_tokens; }},
    {"brim_cached_tokens_total", "counter", "Of those, tokens that a seat held already.",
     [](const ModelCounters& of) { return of.stats.cached_tokens; }},
    {"brim_generated_tokens_total", "counter", "Tokens generated for requests that have ended.",
     [](const ModelCounters& of) { return of.stats.generated_tokens; }},
    {"brim_passes_total", "counter", "Passes over the weights.",
     [](const ModelCounters& of) { return of.stats.passes; }},
    {"brim_kv_budget_bytes", "gauge", "KV memory that is reserved for all seats.",
     [](const ModelCounters& of) { return of.stats.kv_budget_bytes * of.stats.seats; }},
    {"brim_weight_bytes", "gauge", "Size of the weights in the model's file.",
     [](const ModelCounters& of) { return of.weight_bytes; }},
};

/// The value of a label: these three characters are escaped, and nothing else.
std::string label_text(std::string_view text) {
  std::string escaped;
  for (const char letter : text) {
    if (letter == '\n') {
      escaped += "\\n";
      continue;
    }
    if (letter == '\\' || letter == '"') escaped += '\\';
    escaped += letter;
  }
  return escaped;
}

}  // namespace

std::string metrics_text(const std::vector<ModelCounters>& models) {
  std::string text;
  for (const Counter& counter : kCounters) {
    text += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", counter.name, counter.type, counter.help);
    for (const ModelCounters& one : models) {
      const std::string label =
          models.size() > 1 ? fmt::format("{{model=\"{}\"}}", label_text(one.model)) : std::string();
      text += fmt::format("{}{} {}\n", counter.name, label, counter.value(one));
    }
  }
  return text;
}

std::string metrics_text(const brim_scheduler_stats& stats, std::int64_t weight_bytes) {
  return metrics_text({ModelCounters{"", stats, weight_bytes}});
}

}  // namespace brim::apps::serve

// See metrics.hpp.
#include "apps/serve/metrics.hpp"

#include <fmt/format.h>

namespace brim::apps::serve {

std::string metrics_text(const brim_scheduler_stats& stats, std::int64_t weight_bytes) {
  std::string text;
  const auto add = [&text](const char* name, const char* type, const char* help, std::int64_t value) {
    text += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n{0} {3}\n", name, type, help, value);
  };
  add("brim_seats", "gauge", "Requests that can be worked on at a time.", stats.seats);
  add("brim_seats_busy", "gauge", "Seats that have a request.", stats.busy);
  add("brim_requests_waiting", "gauge", "Requests that wait for a seat.", stats.waiting);
  add("brim_requests_finished_total", "counter", "Requests whose answer reached its end.", stats.finished);
  add("brim_requests_failed_total", "counter", "Requests that ended otherwise, cancelled ones included.", stats.failed);
  add("brim_requests_refused_total", "counter", "Requests that found the queue full.", stats.refused);
  add("brim_prompt_tokens_total", "counter", "Tokens of the prompts of requests that have ended.", stats.prompt_tokens);
  add("brim_cached_tokens_total", "counter", "Of those, tokens that a seat held already.", stats.cached_tokens);
  add("brim_generated_tokens_total", "counter", "Tokens generated for requests that have ended.",
      stats.generated_tokens);
  add("brim_passes_total", "counter", "Passes over the weights.", stats.passes);
  add("brim_kv_budget_bytes", "gauge", "KV memory that is reserved for all seats.",
      stats.kv_budget_bytes * stats.seats);
  add("brim_weight_bytes", "gauge", "Size of the weights in the model's file.", weight_bytes);
  return text;
}

}  // namespace brim::apps::serve

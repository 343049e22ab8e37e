// See report.hpp.
#include "apps/generation/report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "apps/terminal/printable.hpp"
#include "apps/terminal/quantities.hpp"

namespace brim::apps {
namespace {

const char* end_name(const Answer& answer) {
  if (answer.interrupted) return "interrupted";
  switch (answer.end) {
    case Session::End::end_token:
      return "end_token";
    case Session::End::stop_string:
      return "stop_string";
    case Session::End::limit:
      return "limit";
    case Session::End::not_yet:
      break;
  }
  return "none";
}

}  // namespace

double rate(std::int64_t tokens, double seconds) { return seconds > 0 ? static_cast<double>(tokens) / seconds : 0; }

std::string status_line(const brim_stats& stats, std::int64_t evicted_before) {
  std::string line = fmt::format("{} {}, {:.1f} tok/s", grouped_text(stats.generated_tokens),
                                 stats.generated_tokens == 1 ? "token" : "tokens",
                                 rate(stats.generated_tokens, stats.generate_seconds));
  line += fmt::format(" · KV {} of {}", bytes_text(stats.kv_bytes), bytes_text(stats.kv_budget_bytes));
  if (stats.evicted > evicted_before) line += " · evicting";
  return line;
}

std::string answer_json(const Answer& answer, const brim_stats& stats) {
  const nlohmann::ordered_json json = {
      {"text", answer.text},
      {"ids", answer.ids},
      {"end", end_name(answer)},
      {"tokens", {{"prompt", stats.prompt_tokens}, {"generated", stats.generated_tokens}, {"context", stats.context}}},
      {"timings",
       {{"prompt_seconds", stats.prompt_seconds},
        {"prompt_tokens_per_second", rate(stats.prompt_tokens, stats.prompt_seconds)},
        {"generate_seconds", stats.generate_seconds},
        {"tokens_per_second", rate(stats.generated_tokens, stats.generate_seconds)}}},
      {"speculation", {{"drafted", stats.drafted_tokens}, {"accepted", stats.accepted_tokens}}},
      {"kv",
       {{"type", stats.kv_type},
        {"budget_bytes", stats.kv_budget_bytes},
        {"bytes", stats.kv_bytes},
        {"peak_bytes", stats.kv_peak_bytes},
        {"full_bytes", stats.kv_full_bytes},
        {"scratch_bytes", stats.scratch_bytes},
        {"evicted", stats.evicted}}}};
  return printable_json(json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace)) + "\n";
}

}  // namespace brim::apps

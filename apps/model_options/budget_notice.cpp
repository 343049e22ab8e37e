// See budget_notice.hpp.
#include "apps/model_options/budget_notice.hpp"

#include <fmt/format.h>

#include "apps/terminal/error_output.hpp"
#include "apps/terminal/quantities.hpp"
#include "engine/kv/budget.hpp"
#include "platform/memory_limits.hpp"

namespace brim::apps {

void say_unused_budget(const std::string& budget, std::int64_t full_bytes) {
  if (budget.empty()) return;
  const Result<kv::BudgetRequest> request = kv::parse_budget(budget);
  if (!request || request->kind != kv::BudgetRequest::Kind::bytes || request->bytes <= full_bytes) return;
  const MemoryLimits limits = memory_limits();
  const bool beyond = static_cast<std::uint64_t>(request->bytes) > limits.total;
  say_notice(fmt::format("--kv-budget {}: {} booked, the whole context takes no more{}.", budget,
                         bytes_text(full_bytes),
                         beyond ? fmt::format(" (and this machine has {}, limited by {})",
                                              bytes_text(static_cast<std::int64_t>(limits.total)), limits.limiting)
                                : ""));
}

}  // namespace brim::apps

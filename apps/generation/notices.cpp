// See notices.hpp.
#include "apps/generation/notices.hpp"

#include <fmt/format.h>

#include "apps/terminal/error_output.hpp"
#include "apps/terminal/quantities.hpp"

namespace brim::apps {

void Notices::give(const brim_stats& stats) {
  if (stats.evicted > 0 && !said_evicting_) {
    said_evicting_ = true;
    if (stats.kv_budget_bytes < stats.kv_full_bytes) {
      say_notice(
          fmt::format("The {} has outgrown the {} KV budget: the oldest entries are being "
                      "evicted. A larger --kv-budget keeps more (up to {} here).",
                      what_, bytes_text(stats.kv_budget_bytes), bytes_text(stats.kv_full_bytes)));
    } else {
      say_notice(
          fmt::format("The {} has outgrown the context of {} tokens: the oldest entries are "
                      "being evicted.",
                      what_, grouped_text(stats.context)));
    }
  }
  if (trained_ > 0 && stats.position > trained_ && !said_beyond_) {
    said_beyond_ = true;
    say_notice(
        fmt::format("The {} is longer than the {} tokens this model was trained for: "
                    "what follows may get worse.",
                    what_, grouped_text(trained_)));
  }
}

}  // namespace brim::apps

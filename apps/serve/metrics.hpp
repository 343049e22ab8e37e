// Counters of the server in Prometheus' text format, version 0.0.4.
#pragma once

#include <brim/scheduler.h>

#include <cstdint>
#include <string>

namespace brim::apps::serve {

std::string metrics_text(const brim_scheduler_stats& stats, std::int64_t weight_bytes);

}  // namespace brim::apps::serve

// Counters of the server in Prometheus' text format, version 0.0.4.
#pragma once

#include <brim/scheduler.h>

#include <cstdint>
#include <string>
#include <vector>

namespace brim::apps::serve {

struct ModelCounters {
  std::string model;  ///< its name
  brim_scheduler_stats stats{};
  std::int64_t weight_bytes = 0;
};

/// Where there are several models, each value has its model as a label.
std::string metrics_text(const std::vector<ModelCounters>& models);
/// Of one model.
std::string metrics_text(const brim_scheduler_stats& stats, std::int64_t weight_bytes);

}  // namespace brim::apps::serve

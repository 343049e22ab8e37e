// --memory: everything that the server will take, added up before a model is loaded and compared with what it may take.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/serve/settings.hpp"

namespace brim::apps::serve {

/// What one model takes, as it is planned before it is loaded.
struct ModelNeeds {
  std::string id;
  std::int64_t seats = 1;
  std::int64_t weight_bytes = 0;   ///< with the stacks of its helper threads
  std::int64_t scratch_bytes = 0;  ///< of a seat, outside its budget; what seats share is counted in each
  std::int64_t kv_bytes = 0;       ///< KV budget of a seat
  std::int64_t kv_min_bytes = 0;   ///< smallest valid one
  bool automatic = false;          ///< whether the budget may be lowered
};

struct MemoryShare {
  std::string what;  ///< "the weights of 'tiny'": for sentences
  std::int64_t bytes = 0;
};

struct MemoryPlan {
  std::vector<MemoryShare> shares;
  std::int64_t total() const;
};

/// What HTTP takes at most: connections with their buffers, the bodies that are in memory at a time, the one that is
/// parsed, replies with vectors, and what `seats` clients have not taken yet of their answers.
std::int64_t http_bytes(const ServerSettings& settings, std::int64_t seats);

/// Lowers automatic budgets, all by the same share and none below its min, so that everything fits in `limit` bytes if
/// that is possible. `http`: http_bytes().
void fit_budgets(std::vector<ModelNeeds>& models, std::int64_t http, std::int64_t limit);

MemoryPlan memory_plan(const std::vector<ModelNeeds>& models, std::int64_t http);

/// Throws Failure (2) where the plan has more than `limit` bytes: with both numbers, and the largest share.
void check_memory(const MemoryPlan& plan, std::int64_t limit);

}  // namespace brim::apps::serve

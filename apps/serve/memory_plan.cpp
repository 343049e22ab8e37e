// See memory_plan.hpp.
#include "apps/serve/memory_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "apps/commands.hpp"
#include "apps/serve/peers.hpp"
#include "engine/base/size_text.hpp"

namespace brim::apps::serve {
namespace {

/// Of one connection: what was read, its parser's headers, the reply that is sent.
constexpr std::int64_t kConnectionBytes = std::int64_t{128} << 10;
/// Of one that is parsed, for each byte: as a tree it takes up to 12 (`"abc":1,` becomes 96), and up to 8 more as texts
/// for the engine, rendered, and as token ids. One body is parsed at a time.
constexpr std::int64_t kParsedBytes = 20;

}  // namespace

std::int64_t MemoryPlan::total() const {
  return std::accumulate(shares.begin(), shares.end(), std::int64_t{0},
                         [](std::int64_t sum, const MemoryShare& share) { return sum + share.bytes; });
}

std::int64_t http_bytes(const ServerSettings& settings, std::int64_t seats) {
  const auto body = static_cast<std::int64_t>(settings.body_limit);
  const auto connections = static_cast<std::int64_t>(kMaxConnections + kMaxRefused);
  const auto at_once = static_cast<std::int64_t>(kBodiesAtOnce + kVectorsAtOnce);
  return connections * kConnectionBytes + (at_once + kParsedBytes) * body +
         seats * static_cast<std::int64_t>(kMaxUnsent);
}

void fit_budgets(std::vector<ModelNeeds>& models, std::int64_t http, std::int64_t limit) {
  std::int64_t fixed = http, wanted = 0;
  for (const ModelNeeds& model : models) {
    fixed += model.weight_bytes + model.seats * model.scratch_bytes;
    (model.automatic ? wanted : fixed) += model.seats * model.kv_bytes;
  }
  if (wanted <= limit - fixed) return;
  // A little less than the exact share, so that no rounding makes it more.
  const double share =
      (1 - 1e-12) * static_cast<double>(std::max<std::int64_t>(limit - fixed, 0)) / static_cast<double>(wanted);
  for (ModelNeeds& model : models) {
    if (!model.automatic) continue;
    const auto bytes = static_cast<std::int64_t>(static_cast<double>(model.kv_bytes) * share);
    model.kv_bytes = std::max(bytes, model.kv_min_bytes);
  }
}

MemoryPlan memory_plan(const std::vector<ModelNeeds>& models, std::int64_t http) {
  MemoryPlan plan;
  for (const ModelNeeds& model : models) {
    const char* const seats = model.seats == 1 ? "seat" : "seats";
    plan.shares.push_back({fmt::format("the weights of '{}'", model.id), model.weight_bytes});
    plan.shares.push_back(
        {fmt::format("KV memory for {} {} of '{}'", model.seats, seats, model.id), model.seats * model.kv_bytes});
    plan.shares.push_back({fmt::format("what {} {} of '{}' compute with", model.seats, seats, model.id),
                           model.seats * model.scratch_bytes});
  }
  plan.shares.push_back({"connections and their requests", http});
  return plan;
}

void check_memory(const MemoryPlan& plan, std::int64_t limit) {
  const std::int64_t total = plan.total();
  if (total <= limit || plan.shares.empty()) return;
  const auto largest = std::max_element(plan.shares.begin(), plan.shares.end(),
                                        [](const MemoryShare& a, const MemoryShare& b) { return a.bytes < b.bytes; });
  const auto text = [](std::int64_t bytes) { return exact_size_text(static_cast<std::size_t>(bytes)); };
  throw Failure(2, fmt::format("--memory is {}, but what is to be served takes {}; the largest share is {}, {}: raise "
                               "--memory, or lower --kv-budget, --seats, --context or --body-limit",
                               text(limit), text(total), largest->what, text(largest->bytes)));
}

}  // namespace brim::apps::serve

// How much each layer may keep: the interface of kv.split, and how a user's budget becomes bytes. A split only
// computes; only the cache moves memory.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/kv/needs.hpp"

namespace brim::kv {

/// What a split may know about a layer.
struct LayerNeed {
  std::int64_t floor = 0;        ///< least entries the layer must be given: one granule
  std::int64_t cap = 0;          ///< most entries it can use: min(window, context), up to whole granules
  std::int64_t entry_bytes = 0;  ///< bytes one entry costs (all KV heads, metadata included)
};

/// One way of splitting; stateless, so one instance serves all sessions. Add one: docs/add-a-kv-policy.md.
class Split {
 public:
  virtual ~Split() = default;
  virtual Needs needs() const { return {}; }
  /// Entries per layer such that floor ≤ entries ≤ cap and Σ entries · entry_bytes ≤ bytes. `bytes` holds at least the
  /// floors. Deterministic. The plan rounds the result down to whole granules and hands what is left over, granule by
  /// granule, to the layers that lost most by rounding.
  virtual std::vector<std::int64_t> split(std::span<const LayerNeed> layers, std::int64_t bytes) const = 0;
};

/// The split with this name (engine/kv/budgets.def); nullptr when there is none.
const Split* find_split(std::string_view name);
/// "uniform|…" for help and errors.
std::string split_names();

/// What the user wrote for --kv-budget.
struct BudgetRequest {
  enum class Kind { automatic, full, bytes, percent } kind = Kind::automatic;
  std::int64_t bytes = 0;
  double percent = 0;
};
/// "64MiB", "20%", "full" or "auto" (letters in either case); more than 0 bytes, or more than 0 and at most 100
/// percent. Errors: invalid_argument naming the text and the forms.
Result<BudgetRequest> parse_budget(std::string_view text);

}  // namespace brim::kv

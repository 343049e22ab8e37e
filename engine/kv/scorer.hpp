// Which entries stay: the interface of kv.keep. A rule only scores; intake.hpp evicts.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/kv/blocks.hpp"
#include "engine/kv/needs.hpp"

namespace brim::kv {

/// One layer's entries, oldest first, retained and staged alike: what a rule may look at.
struct Entries {
  std::span<const std::int64_t> index;  ///< place of the token in the whole input, counted from 0
  std::span<const float> mass;          ///< accumulated attention (empty unless asked for in needs())
  std::span<const float> norm;          ///< of keys or values, as asked for (empty unless)
  std::span<const Block> blocks;        ///< how they are grouped, their lengths (empty unless asked for)
  std::int64_t sinks = 0;               ///< the first `sinks` entries stay whatever their score
  std::int64_t recent = 0;              ///< the last `recent` entries stay whatever their score
};

/// One rule; stateless, so one instance serves all sessions. Add one: docs/add-a-kv-policy.md.
class Rule {
 public:
  virtual ~Rule() = default;
  virtual Needs needs() const { return {}; }
  /// Writes one score per entry, higher = stays longer; NaN counts as the lowest. Ties go to the newer entry.
  /// Deterministic, and without allocating: it runs between two tokens.
  virtual void score(const Entries& entries, std::span<float> scores) const noexcept = 0;
};

/// The rule with this name (engine/kv/scorers.def); nullptr when there is none.
const Rule* find_rule(std::string_view name);
/// The names of all of them, in the list's order.
std::vector<std::string_view> all_rules();
/// "window|…" for help and errors.
std::string rule_names();

}  // namespace brim::kv

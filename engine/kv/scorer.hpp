// Which entries are kept: the interface of kv.keep. A rule only scores; intake.hpp evicts.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "engine/kv/blocks.hpp"
#include "engine/kv/needs.hpp"

namespace brim::kv {

/// One layer's entries, oldest first, retained and staged alike: what a rule may look at.
struct Entries {
  std::span<const std::int64_t> index;  ///< place of the token in the whole input, counted from 0
  std::span<const float> accumulated;   ///< accumulated attention (empty unless requested in needs())
  std::span<const float> measure;       ///< what needs() requests (otherwise empty)
  std::span<const Block> blocks;        ///< how they are grouped, their lengths (empty unless requested)
  std::int64_t sinks = 0;               ///< the first `sinks` entries are kept whatever their score
  std::int64_t recent = 0;              ///< the last `recent` entries are kept whatever their score
  std::int64_t quota = 0;               ///< how many entries the layer may keep
};

/// One rule; stateless, so one instance serves all sessions. Add one: docs/add-a-kv-policy.md.
class Rule {
 public:
  virtual ~Rule() = default;
  /// The name that users and saved sessions use for it; a literal.
  virtual std::string_view name() const = 0;
  virtual Needs needs() const { return {}; }
  /// Writes one score per entry; entries with higher scores are kept longer; NaN counts as the lowest. Ties go to the
  /// newer entry. Deterministic, and does not allocate: it runs between two tokens.
  virtual void score(const Entries& entries, std::span<float> scores) const noexcept = 0;
};

}  // namespace brim::kv

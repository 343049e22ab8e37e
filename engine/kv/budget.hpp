// How much each layer may keep: the interface of kv.split, and how a user's budget becomes bytes. A split only
// computes; only the memory moves entries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/kv/needs.hpp"
#include "engine/kv/profile.hpp"
#include "kernels/kv_type.hpp"

namespace brim::kv {

/// What a split may know about a layer.
struct LayerNeed {
  std::int64_t floor = 0;        ///< min entries the layer must be given: one granule
  std::int64_t cap = 0;          ///< max entries it can use: min(window, context), up to whole granules
  std::int64_t entry_bytes = 0;  ///< bytes one entry costs (all KV heads, metadata included)
  std::int64_t useful = 0;       ///< the cap if bytes did not matter; measured fractions refer to it
};

/// The input of a split.
struct SplitCase {
  std::span<const LayerNeed> layers;
  std::int64_t bytes = 0;            ///< for all layers together; at least the floors
  const Profile* profile = nullptr;  ///< what calibration measured on this model; null without
  std::uint64_t seed = 0;            ///< for splits that choose at random
  /// The statistic requested in needs(), smoothed over the tokens processed so far, one per layer; empty before
  /// any token was processed.
  std::span<const double> seen;

  /// Entries per layer if all layers had the same number and none had a cap.
  double average() const;
};

/// One way of storing keys and values, as seen by a split that chooses one for each layer.
struct StorageChoice {
  kernels::KvTypes types;
  std::vector<LayerNeed> layers;  ///< with the cost of an entry stored this way
  Profile profile;                ///< with the calibration results for these types
};

/// A share that requests as much as the layer can use, before any finite share is served.
inline constexpr double kWhole = std::numeric_limits<double>::infinity();

/// One way of splitting; stateless, so one instance serves all sessions. Add one: docs/add-a-kv-policy.md.
class Split {
 public:
  virtual ~Split() = default;
  /// The name that users and saved sessions use for it; a literal.
  virtual std::string_view name() const = 0;
  /// Splits that request a statistic of layers are called again after every chunk, and the quotas follow step by step.
  virtual Needs needs() const { return {}; }
  /// Whether it cannot decide anything without a profile.
  virtual bool needs_profile() const { return false; }
  /// Whether it chooses how each layer is stored, before it is asked for shares. Then a profile of several types is
  /// needed.
  virtual bool chooses_storage() const { return false; }
  /// Writes for each layer which of `choices` it should have when all layers together may cost `bytes`. Deterministic.
  virtual void choose_storage(std::span<const StorageChoice> choices, std::int64_t bytes,
                              std::span<std::size_t> chosen) const;
  /// Writes how many entries each layer should have in proportion to the others: positive numbers, or kWhole. The plan
  /// handles floors, caps, the sum and whole granules. Deterministic. After a chunk (with `seen`) it must not allocate,
  /// because that call happens between two tokens.
  virtual void shares(const SplitCase& given, std::span<double> shares) const = 0;
};

/// Entries per layer in proportion to `shares`, as near as floor ≤ entries ≤ cap allows, such that Σ entries ·
/// entry_bytes ≤ bytes and no layer below its cap could have one more in proportion. kWhole layers come first: up to
/// their caps, or in proportion to these where the bytes do not suffice for that and the others' floors. Allocates
/// nothing; `entries` has one place per layer.
void share_out(std::span<const LayerNeed> layers, std::int64_t bytes, std::span<const double> shares,
               std::span<std::int64_t> entries) noexcept;

/// What the user wrote for --kv-budget.
struct BudgetRequest {
  enum class Kind { automatic, full, bytes, percent } kind = Kind::automatic;
  std::int64_t bytes = 0;
  double percent = 0;
};
/// exact_size_text() of bytes that are counted with a sign; not negative.
std::string bytes_text(std::int64_t bytes);

/// The number before a percent sign: digits, with or without a point between them; no sign, no exponent. Empty for
/// anything else.
std::optional<double> parse_percent(std::string_view digits);

/// "64MiB", "20%", "full" or "auto" (letters in either case); more than 0 bytes, or more than 0 and at most 100
/// percent. Errors: invalid_argument naming the text and the forms.
Result<BudgetRequest> parse_budget(std::string_view text);

}  // namespace brim::kv

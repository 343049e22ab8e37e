// The policies that the product offers, and how a name becomes one. A name is looked up where it comes in, by the C
// interface or a command line; all code behind that uses the policy itself. The caller chooses the tables in which
// names are looked up: `brim eval` and `brim calibrate` add those of research/.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/kv/budget.hpp"
#include "engine/kv/scorer.hpp"

namespace brim::kv {

#define SPLIT(function) const Split& function();
#include "engine/kv/budgets.def"
#undef SPLIT
#define RULE(function) const Rule& function();
#include "engine/kv/scorers.def"
#undef RULE

/// The name for a choice by Brim: with a profile that shows a real difference between layers (layers_differ), `joint`
/// where the profile has several types, else `depth`; `uniform` without one, and where the whole cache fits. This is the
/// default of a session.
inline constexpr const char* kChosenSplit = "auto";

/// Tables of policies, in the order of help and errors: constant data, which lives as long as the program.
struct Policies {
  std::span<const Split& (*const)()> splits;
  std::span<const Rule& (*const)()> rules;

  /// The policy with this name; nullptr when there is none.
  const Split* find_split(std::string_view name) const;
  const Rule* find_rule(std::string_view name) const;
  /// The names that may be chosen: kChosenSplit first, then those of the table.
  std::vector<std::string_view> split_names() const;
  std::vector<std::string_view> rule_names() const;
};

/// What engine/kv/budgets.def and engine/kv/scorers.def list.
Policies product_policies() noexcept;

/// The words that follow a name that is none of the product's in an error message: ", a research policy that brim eval
/// alone can use", or nothing where research/ does not have this policy either.
std::string_view split_remark(std::string_view name) noexcept;
std::string_view rule_remark(std::string_view name) noexcept;

/// The split with this name; null for kChosenSplit. Errors: invalid_argument: "expected auto|uniform|…, found 'x'",
/// with the remark.
Result<const Split*> split_named(std::string_view name, const Policies& policies);
/// The rule with this name, never null. Errors: as split_named().
Result<const Rule*> rule_named(std::string_view name, const Policies& policies);

}  // namespace brim::kv

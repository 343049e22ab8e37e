// Policies by name, both the product's and those of research/, because tests mix them, and one for tests alone. Link
// brim_research.
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string_view>

#include "engine/kv/plan.hpp"
#include "research/policies.hpp"

namespace brim::test {

/// Null for "auto". Throws for an unknown name.
inline const kv::Split* split_named(std::string_view name) {
  const auto split = kv::split_named(name, research::all_policies());
  if (!split) throw std::invalid_argument(split.error().sentence);
  return *split;
}

/// Never null. Throws for an unknown name.
inline const kv::Rule* rule_named(std::string_view name) {
  const auto rule = kv::rule_named(name, research::all_policies());
  if (!rule) throw std::invalid_argument(rule.error().sentence);
  return *rule;
}

/// As kv::make_plan. Errors: also those of names.
inline Result<kv::Plan> make_plan(const kv::Shape& shape, const kv::BudgetRequest& request,
                                  std::int64_t automatic_bytes, std::string_view split, std::string_view keep,
                                  const kv::SplitFacts& facts = {}, const kv::Reading& reading = {}) {
  const auto by = kv::split_named(split, research::all_policies());
  if (!by) return by.error();
  const auto rule = kv::rule_named(keep, research::all_policies());
  if (!rule) return rule.error();
  return kv::make_plan(shape, request, automatic_bytes, *by, **rule, facts, reading);
}

/// Keeps the oldest entries.
class OldestRule : public kv::Rule {
 public:
  std::string_view name() const override { return "oldest"; }
  void score(const kv::Entries& entries, std::span<float> scores) const noexcept override {
    for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = -static_cast<float>(entries.index[i]);
  }
};

}  // namespace brim::test

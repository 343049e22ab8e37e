// See policies.hpp.
#include "engine/kv/policies.hpp"

#include <algorithm>
#include <string>

#include "engine/base/quote.hpp"

namespace brim::kv {
namespace {

constexpr const Split& (*kSplits[])() = {
#define SPLIT(function) function,
#include "engine/kv/budgets.def"
#undef SPLIT
};

constexpr const Rule& (*kRules[])() = {
#define RULE(function) function,
#include "engine/kv/scorers.def"
#undef RULE
};

// Names of policies that are in research/ and not in the library, so that an error message can say where they are. A
// test compares these names with research/budgets.def and research/scorers.def.
constexpr std::string_view kResearchSplits[] = {"depth-mga",        "depth-mlp",   "depth-mlma-2", "depth-mlma-4",
                                                "depth-mlma-6",     "zigzag-lmbo", "pyramid",      "cake",
                                                "inverted-pyramid", "squeeze",     "shuffled"};
constexpr std::string_view kResearchRules[] = {"h2o",          "knorm",          "h2o-value",
                                               "snapkv-value", "blocks-fixed32", "blocks-priors"};

template <class Policy>
const Policy* find(std::span<const Policy& (*const)()> table, std::string_view name) {
  for (const auto policy : table) {
    if (policy().name() == name) return &policy();
  }
  return nullptr;
}

template <class Policy>
void add_names(std::span<const Policy& (*const)()> table, std::vector<std::string_view>& names) {
  for (const auto policy : table) names.push_back(policy().name());
}

Error unknown(std::string_view name, const std::vector<std::string_view>& names, std::string_view remark) {
  std::string expected;
  for (const std::string_view known : names) {
    if (!expected.empty()) expected += '|';
    expected += known;
  }
  return error(ErrorCode::invalid_argument, "expected ", expected, ", found ", quoted(name), remark);
}

}  // namespace

const Split* Policies::find_split(std::string_view name) const { return find(splits, name); }
const Rule* Policies::find_rule(std::string_view name) const { return find(rules, name); }

std::vector<std::string_view> Policies::split_names() const {
  std::vector<std::string_view> names{kChosenSplit};
  add_names(splits, names);
  return names;
}

std::vector<std::string_view> Policies::rule_names() const {
  std::vector<std::string_view> names;
  add_names(rules, names);
  return names;
}

Policies product_policies() noexcept { return {kSplits, kRules}; }

std::string_view split_remark(std::string_view name) noexcept {
  const bool known =
      std::find(std::begin(kResearchSplits), std::end(kResearchSplits), name) != std::end(kResearchSplits);
  return known ? ", a research policy that brim eval alone can use" : "";
}

std::string_view rule_remark(std::string_view name) noexcept {
  const bool known = std::find(std::begin(kResearchRules), std::end(kResearchRules), name) != std::end(kResearchRules);
  return known ? ", a research policy that brim eval and brim calibrate alone can use" : "";
}

Result<const Split*> split_named(std::string_view name, const Policies& policies) {
  if (name == kChosenSplit) return static_cast<const Split*>(nullptr);
  if (const Split* split = policies.find_split(name)) return split;
  return unknown(name, policies.split_names(), split_remark(name));
}

Result<const Rule*> rule_named(std::string_view name, const Policies& policies) {
  if (const Rule* rule = policies.find_rule(name)) return rule;
  return unknown(name, policies.rule_names(), rule_remark(name));
}

}  // namespace brim::kv

// See policies.hpp.
#include "research/policies.hpp"

namespace brim::research {

#define SPLIT(function) const kv::Split& function();
#include "research/budgets.def"
#undef SPLIT
#define RULE(function) const kv::Rule& function();
#include "research/scorers.def"
#undef RULE

namespace {

constexpr const kv::Split& (*kSplits[])() = {
#define SPLIT(function) kv::function,
#include "engine/kv/budgets.def"
#undef SPLIT
#define SPLIT(function) function,
#include "research/budgets.def"
#undef SPLIT
};

constexpr const kv::Rule& (*kRules[])() = {
#define RULE(function) kv::function,
#include "engine/kv/scorers.def"
#undef RULE
#define RULE(function) function,
#include "research/scorers.def"
#undef RULE
};

}  // namespace

kv::Policies all_policies() noexcept { return {kSplits, kRules}; }

}  // namespace brim::research

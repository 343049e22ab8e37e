// The list of rules (scorers.def) as a table.
#include "engine/kv/scorer.hpp"

namespace brim::kv {

#define RULE(function, name) const Rule& function();
#include "engine/kv/scorers.def"
#undef RULE

namespace {

struct NamedRule {
  std::string_view name;
  const Rule& (*rule)();
};

constexpr NamedRule kRules[] = {
#define RULE(function, name) {name, function},
#include "engine/kv/scorers.def"
#undef RULE
};

}  // namespace

const Rule* find_rule(std::string_view name) {
  for (const NamedRule& candidate : kRules) {
    if (candidate.name == name) return &candidate.rule();
  }
  return nullptr;
}

std::vector<std::string_view> all_rules() {
  std::vector<std::string_view> names;
  for (const NamedRule& candidate : kRules) names.push_back(candidate.name);
  return names;
}

std::string rule_names() {
  std::string names;
  for (const NamedRule& candidate : kRules) {
    if (!names.empty()) names += '|';
    names += candidate.name;
  }
  return names;
}

}  // namespace brim::kv

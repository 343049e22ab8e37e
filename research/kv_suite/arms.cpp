// See arms.hpp.
#include "research/kv_suite/arms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "apps/command_line/suggestion.hpp"
#include "apps/commands.hpp"
#include "engine/base/quote.hpp"

namespace brim::apps {
namespace {

bool always(const Arm& arm) { return arm.full || arm.name == "uniform"; }

std::optional<Arm> arm_named(const std::vector<Arm>& arms, const std::string& name) {
  for (const Arm& arm : arms) {
    // The rule of the splits has no arm of its own.
    if (arm.name == name || (arm.name == "uniform" && arm.keep->name() == name)) return arm;
  }
  return std::nullopt;
}

[[noreturn]] void refuse(const std::vector<Arm>& arms, const std::string& name) {
  std::string names;
  std::vector<std::string> known;
  for (const Arm& arm : arms) {
    names += (names.empty() ? "" : ", ") + arm.name;
    known.push_back(arm.name);
  }
  const std::string suggestion = did_you_mean(name, known);
  throw Failure(2, fmt::format("--arms: expected some of {}, found {}{}", names, quoted(name),
                               suggestion.empty() ? "" : "." + suggestion));
}

const kv::Rule* rule_named(const kv::Policies& policies, const std::string& name) {
  std::string names;
  for (const auto policy : policies.rules) {
    const kv::Rule& rule = policy();
    if (rule.name() == name) return &rule;
    names += (names.empty() ? "" : ", ") + std::string(rule.name());
  }
  throw Failure(2, fmt::format("--arms: behind + expected one of the rules {}, found {}", names, quoted(name)));
}

}  // namespace

std::vector<Arm> all_arms(const kv::Policies& policies, const kv::Rule& keep, kernels::KvTypes type, int permutations) {
  std::vector<Arm> arms;
  const kv::Split& uniform = kv::uniform_split();
  arms.push_back({"full", &uniform, &keep, type, {0}, true, false});
  for (const auto policy : policies.splits) {
    const kv::Split& split = policy();
    Arm arm{std::string(split.name()), &split, &keep, type, {0}, false, split.needs_profile()};
    if (arm.name == "shuffled") {
      for (int seed = 1; seed < permutations; ++seed) arm.seeds.push_back(static_cast<std::uint64_t>(seed));
    }
    arms.push_back(std::move(arm));
  }
  for (const auto policy : policies.rules) {
    const kv::Rule& rule = policy();
    if (&rule != &keep) arms.push_back({std::string(rule.name()), &uniform, &rule, type, {0}, false, false});
  }
  for (const auto policy : policies.splits) {
    if (policy().needs().statistic == kv::LayerStatistic::none) continue;
    Arm arm{fmt::format("{}-once", policy().name()), &policy(), &keep, type, {0}, false, false};
    arm.measures_first = true;
    arms.push_back(std::move(arm));
  }
  for (const kv::Split* split : {&uniform, &kv::zigzag_split()}) {
    Arm arm{fmt::format("{}-heads", split->name()), split, &keep, type, {0}, false, false};
    arm.heads_apart = true;
    arms.push_back(std::move(arm));
  }
  constexpr std::pair<const char*, kv::Cutting> kReading[] = {{"read", kv::Cutting::learned},
                                                              {"read-blocks-priors", kv::Cutting::priors},
                                                              {"read-blocks-fixed32", kv::Cutting::fixed}};
  for (const auto& [name, cutting] : kReading) {
    Arm read{name, &uniform, &keep, type, {0}, false, false};
    read.reads_sparsely = true;
    read.cutting = cutting;
    arms.push_back(std::move(read));
  }
  using kernels::KvType, kernels::KvTypes;
  for (const KvTypes other : {KvTypes(KvType::q8_0), KvTypes(KvType::q8_0, KvType::q4_0), KvTypes(KvType::q4_0)}) {
    if (other == type) continue;
    const std::string name(kernels::kv_types_name(other));
    arms.push_back({name, &uniform, &keep, other, {0}, false, false});
    arms.push_back({"depth-" + name, &kv::depth_split(), &keep, other, {0}, false, true});
  }
  return arms;
}

std::vector<Arm> chosen_arms(std::vector<Arm> arms, const std::vector<std::string>& wished,
                             const kv::Policies& policies) {
  if (wished.empty()) return arms;
  std::vector<Arm> chosen;
  std::copy_if(arms.begin(), arms.end(), std::back_inserter(chosen), always);
  for (const std::string& name : wished) {
    const std::size_t plus = name.find('+');
    std::optional<Arm> arm = arm_named(arms, name.substr(0, plus));
    if (!arm) refuse(arms, name);
    if (plus != std::string::npos) {
      arm->replays = name.substr(plus + 1) == "document";
      arm->keep = arm->replays ? &kv::distinct_rule() : rule_named(policies, name.substr(plus + 1));
      arm->name = name;
    }
    const bool there = std::any_of(chosen.begin(), chosen.end(), [&](const Arm& one) { return one.name == arm->name; });
    if (!there) chosen.push_back(std::move(*arm));
  }
  return chosen;
}

}  // namespace brim::apps

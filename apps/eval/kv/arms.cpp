// See arms.hpp.
#include "apps/eval/kv/arms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "apps/commands.hpp"
#include "engine/kv/budget.hpp"
#include "engine/kv/scorer.hpp"

namespace brim::apps {
namespace {

bool always(const Arm& arm) { return arm.full || arm.name == "uniform"; }

}  // namespace

std::vector<Arm> all_arms(const std::string& keep, kernels::KvType type, int permutations) {
  std::vector<Arm> arms;
  arms.push_back({"full", "uniform", keep, type, {0}, true, false});
  for (const std::string_view name : kv::all_splits()) {
    const std::string split(name);
    Arm arm{split, split, keep, type, {0}, false, kv::find_split(split)->needs_profile()};
    if (split == "shuffled") {
      for (int seed = 1; seed < permutations; ++seed) arm.seeds.push_back(static_cast<std::uint64_t>(seed));
    }
    arms.push_back(std::move(arm));
  }
  for (const std::string_view name : kv::all_rules()) {
    const std::string rule(name);
    if (rule != keep) arms.push_back({rule, "uniform", rule, type, {0}, false, false});
  }
  if (type != kernels::KvType::q8_0) {
    arms.push_back({"q8_0", "uniform", keep, kernels::KvType::q8_0, {0}, false, false});
    arms.push_back({"depth-q8_0", "depth", keep, kernels::KvType::q8_0, {0}, false, true});
  }
  return arms;
}

std::vector<Arm> chosen_arms(std::vector<Arm> arms, const std::vector<std::string>& wished) {
  if (wished.empty()) return arms;
  std::vector<Arm> chosen;
  std::copy_if(arms.begin(), arms.end(), std::back_inserter(chosen), always);
  for (const std::string& name : wished) {
    const auto found = std::find_if(arms.begin(), arms.end(), [&](const Arm& arm) {
      return arm.name == name || (arm.name == "uniform" && arm.keep == name);  // the splits' own rule has no other arm
    });
    if (found == arms.end()) {
      std::string names;
      for (const Arm& arm : arms) names += (names.empty() ? "" : ", ") + arm.name;
      throw Failure(2, fmt::format("--arms: expected some of {}, found '{}'", names, name.substr(0, 80)));
    }
    if (!always(*found)) chosen.push_back(*found);
  }
  return chosen;
}

}  // namespace brim::apps

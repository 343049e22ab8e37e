// What `brim eval --suite kv` compares: one arm each for the whole cache, every split with one rule, every other rule
// with one split, selection by KV head, the whole cache read in part, and more entries in fewer bits — q8_0, q4_0, keys
// in q8_0 with values in q4_0 —, uniform and by depth. Made from the tables of policies.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/kv/policies.hpp"
#include "kernels/kv_type.hpp"

namespace brim::apps {

struct Arm {
  std::string name;
  const kv::Split* split;
  const kv::Rule* keep;
  kernels::KvTypes type;
  std::vector<std::uint64_t> seeds;  ///< of a split that draws lots: measured with each, and averaged; else one
  bool full = false;
  bool needs_profile = false;
  bool heads_apart = false;
  bool reads_part = false;  ///< keeps everything; the ratio is the part that a token of an answer reads
};

/// All of them; `keep` is the rule of the splits' arms, `type` how all but one store numbers, `permutations` how often
/// lots are drawn.
std::vector<Arm> all_arms(const kv::Policies& policies, const kv::Rule& keep, kernels::KvTypes type, int permutations);

/// Those that are wished for, in that order; `full` and `uniform`, which all are compared with, are
/// always there. Throws Failure (2) for a name that is none.
std::vector<Arm> chosen_arms(std::vector<Arm> arms, const std::vector<std::string>& wished);

}  // namespace brim::apps

// What `brim eval --suite kv` compares: one arm each for the whole cache, for every split with one rule, for every
// other rule with one split, for quotas that are measured once, for selection by KV head and for reading only part of the whole cache, in blocks that are
// cut where that was learned, by kind of delimiter or at fixed distances, and arms with more entries in fewer bits —
// q8_0, q4_0, keys in q8_0 with values in q4_0 —, uniform and by depth. Created from the tables of policies.
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
  std::vector<std::uint64_t> seeds;  ///< of a split that uses random numbers: measured with each and averaged; else one
  bool full = false;
  bool needs_profile = false;
  bool heads_apart = false;
  bool reads_sparsely = false;  ///< keeps everything; the ratio is the share that a token of an answer reads
  kv::Cutting cutting = kv::Cutting::learned;  ///< of the blocks that it reads
  bool measures_first =
      false;             ///< its split measures a whole prompt, and then shares the bytes out once (one_shot.hpp)
  bool replays = false;  ///< the texts of recall are documents, whose pieces are replayed (Sequence::read_document)
};

/// All arms; `keep` is the rule of the splits' arms, `type` is how all arms but one store numbers, `permutations` is
/// how many seeds a random split gets.
std::vector<Arm> all_arms(const kv::Policies& policies, const kv::Rule& keep, kernels::KvTypes type, int permutations);

/// The requested arms, in that order; `full` and `uniform`, which all arms are compared with, are always included. A
/// name may be an arm's and a rule's ("depth+tova"): that arm with the other rule; "depth+document" has the rule
/// distinct and replays. Throws Failure (2) for an unknown name.
std::vector<Arm> chosen_arms(std::vector<Arm> arms, const std::vector<std::string>& wished,
                             const kv::Policies& policies);

}  // namespace brim::apps

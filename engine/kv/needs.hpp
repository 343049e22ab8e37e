// What a budget split or an eviction rule wants to know. Attention gathers only what somebody asks for, so that it
// stays fast when nobody does.
#pragma once

namespace brim::kv {

struct Needs {
  /// For each entry: the attention it received from the chunk's queries, summed over heads.
  bool attention_mass = false;
};

}  // namespace brim::kv

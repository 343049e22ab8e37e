// What a budget split or an eviction rule wants to know. Attention gathers only what somebody asks for, so that it stays
// fast when nobody does.
#pragma once

namespace brim::kv {

struct Needs {
  bool attention_mass = false;  ///< per retained entry: the attention it received from the chunk's queries, summed over heads
};

}  // namespace brim::kv

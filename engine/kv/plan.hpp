// The arithmetic of the budget: from a model's KV shape and the user's request to bytes, chunk size, granules and quotas,
// before anything is allocated. `brim inspect` prints it, Cache builds from it.
//
// The budget counts everything the cache needs: granules (K and V of ≤ 16 entries of one layer and KV head), per-entry
// metadata, and the staging buffer (one chunk of one layer, shared by all). Σ parts ≤ budget_bytes, always.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/kv/budget.hpp"
#include "kernels/kv_type.hpp"

namespace brim::kv {

inline constexpr int kGranuleEntries = 16;
inline constexpr int kLargestChunk = 512;
inline constexpr int kSmallestChunk = 16;

struct LayerShape {
  int kv_heads = 1;
  int key_size = 0;      ///< values per key of one head
  int value_size = 0;
  std::int64_t window = 0;  ///< key j is visible to query i iff i − j < window; 0 = no window
  bool rope = true;      ///< false: keys carry no position and are never rotated
};

struct Shape {
  std::vector<LayerShape> layers;
  std::int64_t context = 0;  ///< the largest number of positions (-c)
  kernels::KvType type = kernels::KvType::f16;
};

struct Plan {
  Shape shape;
  std::int64_t budget_bytes = 0;       ///< the promise; what the arena sets aside for the cache
  std::int64_t full_bytes = 0;         ///< what `full` is for this shape: every layer's need plus staging
  int chunk = 0;                       ///< tokens per prefill chunk: a power of two in [16, 512]
  std::int64_t staging_bytes = 0;
  std::int64_t granule_bytes = 0;      ///< one granule: 16 keys and 16 values of the largest head
  std::int64_t granules = 0;
  std::int64_t metadata_bytes = 0;
  std::vector<std::int64_t> quota;     ///< entries per layer, a multiple of 16 or the layer's cap
  std::string split;                   ///< names, as given
  std::string keep;
};

/// Works out the plan. `automatic_bytes` is what kind automatic means here (the caller knows the machine): the plan takes
/// the less of it and the bytes of min(context, 16384) tokens.
/// Errors: out_of_memory with the least possible budget when the request is below the floors; invalid_argument for an
/// unknown split or rule, with the known ones.
Result<Plan> make_plan(const Shape& shape, const BudgetRequest& request, std::int64_t automatic_bytes,
                       const std::string& split, const std::string& keep);

/// Bytes one token costs over all layers in this storage type, metadata included (for people: "KV per token").
std::int64_t bytes_per_token(const Shape& shape);

}  // namespace brim::kv

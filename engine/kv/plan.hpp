// The arithmetic of the budget: from a model's KV shape and the user's request to bytes, chunk size, granules and
// quotas, before anything is allocated. `brim inspect` prints it, and Memory is built from it.
//
// The budget counts everything that the cache needs: granules (K and V of ≤ 16 entries of one layer and KV head),
// per-entry metadata with the scratch that eviction works in, the staging buffer (one chunk of one layer, shared by
// all), the states of layers that have one, and checkpoints: copies of these states, and of the entries of layers with a
// window. Their sum is never more than budget_bytes.
// budget_bytes is at most full_bytes, because nothing could use the rest, except for further checkpoints.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/kv/budget.hpp"
#include "engine/kv/ids.hpp"
#include "engine/kv/learned_scores.hpp"
#include "engine/kv/policies.hpp"
#include "engine/kv/reading.hpp"
#include "engine/kv/scorer.hpp"
#include "kernels/kv_type.hpp"

namespace brim::kv {

inline constexpr int kGranuleEntries = 16;
inline constexpr int kLargestChunk = 512;
inline constexpr int kSmallestChunk = 16;
inline constexpr int kMaxCheckpoints = 16;        ///< max number, however large the budget is
inline constexpr int kAutomaticCheckpoints = -1;  ///< as many as the budget allows (Costs::checkpoints)
inline constexpr std::int64_t kLargestContext = (std::int64_t{1} << 31) - 1;
inline constexpr std::int64_t kAutomaticTokens = 16384;  ///< what an automatic budget has room for, memory permitting

struct StreamShape {
  int kv_heads = 1;
  int key_size = 0;  ///< values per key of one head
  int value_size = 0;
  std::int64_t window = 0;      ///< key j is visible to query i iff i − j < window; 0 = no window
  bool rope = true;             ///< false: keys carry no position and are never rotated
  kernels::KvTypes types = {};  ///< how its keys and its values are stored
  bool scored = false;          ///< EntryMeasure::learned has weights for it
  /// Values are the first value_size values of keys (latent attention): they are not stored a second time.
  bool values_in_keys = false;
  /// Later layers attend to it too: a chunk's entries wait in a range of the staging buffer of their own and are taken
  /// in when the chunk ends.
  bool held = false;
};

/// Whether the values of a stream can be read from its keys as these are stored.
constexpr bool can_be_stored(const StreamShape& layer) {
  return !layer.values_in_keys || (layer.types.key == layer.types.value &&
                                   kernels::kv_begins_with_vector(layer.types.key, layer.key_size, layer.value_size));
}

/// Which layer of the model a stream is for, and the first of its KV heads (heads.hpp).
struct HeadPlace {
  LayerId layer{};
  int head = 0;
};

/// A layer whose memory has a fixed size, whatever was processed (a recurrent layer). It has no quota and takes no part
/// in any split or rule.
struct StateShape {
  LayerId layer{};
  std::int64_t bytes = 0;
};

struct Shape {
  std::vector<StreamShape> layers;  ///< of each stream of entries
  std::vector<StateShape> states;   ///< of layers that have one, ascending
  std::int64_t context = 0;         ///< the largest number of positions (-c)
  int largest_chunk = kLargestChunk;
  /// For each stream, ascending; empty: stream i is layer i of the model, with all of its heads.
  std::vector<HeadPlace> heads;
  bool apart = false;  ///< heads of a layer are streams of their own (heads_apart)
  /// Max number of checkpoints, or kAutomaticCheckpoints.
  int max_checkpoints = kAutomaticCheckpoints;
  /// Whether one more copy of the states is set aside, for drafts: what is drafted changes them.
  bool drafts = false;

  const StreamShape& at(StreamId stream) const { return layers[index_of(stream)]; }
  /// Whether anything is kept that cannot be cut back: states, or entries that slide out of a window.
  bool needs_checkpoints() const {
    const auto slides = [&](const StreamShape& layer) { return layer.window > 0 && layer.window < context; };
    return !states.empty() || std::any_of(layers.begin(), layers.end(), slides);
  }
  /// Which layer and heads of the model a stream belongs to.
  HeadPlace place(StreamId stream) const {
    return heads.empty() ? HeadPlace{id_at<LayerId>(index_of(stream)), 0} : heads[index_of(stream)];
  }

  /// Sets the storage types of every layer.
  void store_as(kernels::KvTypes types) {
    for (StreamShape& layer : layers) layer.types = types;
  }
};

/// Whether the measure that `needs` requests of this stream's entries is their keys' distinctness, or a learned score.
constexpr bool compares_keys(const StreamShape& stream, const Needs& needs) {
  return needs.measure == EntryMeasure::distinctness || (needs.measure == EntryMeasure::learned && !stream.scored);
}
constexpr bool scores_entries(const StreamShape& stream, const Needs& needs) {
  return needs.measure == EntryMeasure::learned && stream.scored;
}

/// How the layers are stored, for people and reports: "f16", "q8_0:q4_0", or "mixed" where they differ. Ends with a zero.
std::string_view stored_as(const Shape& shape);

struct Plan {
  Shape shape;
  Needs needs;                    ///< what the split and the rule request
  std::int64_t budget_bytes = 0;  ///< the promise; what the arena sets aside for the cache
  std::int64_t full_bytes = 0;    ///< `full`: all entries, metadata, staging, states, their checkpoints; no anchors
  std::int64_t min_bytes = 0;     ///< the smallest valid budget of this shape: one granule per layer and KV head
  int chunk = 0;                  ///< tokens per prefill chunk: a power of two ≤ 512, and ≥ 16 where context ≥ 64
  std::int64_t staging_bytes = 0;
  std::int64_t state_bytes = 0;     ///< one copy of the states of all layers that have one
  std::int64_t window_bytes = 0;    ///< one copy of the entries of layers with a window, for a checkpoint
  int checkpoints = 0;              ///< how many there is room for: of states, entries of layers with a window, or both
  std::int64_t granule_bytes = 0;   ///< one granule: 16 keys and 16 values of the largest head
  std::int64_t granules = 0;        ///< over all layers and KV heads
  std::int64_t pool_bytes = 0;      ///< K and V of all granules, each with its own layer's head sizes
  std::int64_t metadata_bytes = 0;  ///< of all entries, and the scratch
  std::vector<std::int64_t> quota;  ///< entries per layer, a multiple of 16 or the layer's need
  std::int64_t max_entries = 0;     ///< max slots of any layer at any time; the scratch is for this many
  /// What the split saw, caps within max_entries; an entry of a layer with a window costs as much again in checkpoints.
  std::vector<LayerNeed> layers;
  Reading reading;    ///< as requested
  std::string split;  ///< names, for people and saved sessions
  std::string keep;
  const Split* splitter = nullptr;  ///< what `split` names; splits and rules live as long as the program
  const Rule* rule = nullptr;       ///< what `keep` names
  /// The split was left to the plan, and it is uniform because the profile shows no real difference (layers_differ).
  bool layers_alike = false;
  /// The weights of learned scores; null where none are used. The memory does not look at them.
  std::shared_ptr<const LearnedScores> scores;

  /// How often the states are there: live, for drafts where the shape asks for that, and in checkpoints.
  std::int64_t state_copies() const { return shape.states.empty() ? 0 : 1 + (shape.drafts ? 1 : 0) + checkpoints; }
  /// Whether quotas move between layers while tokens are processed.
  bool quotas_move() const { return needs.statistic != LayerStatistic::none; }
  /// Whether attention that entries received, or also a norm, neither of which is known of drafts, can ever decide what
  /// is evicted: it cannot where everything fits.
  bool attention_decides() const { return needs.accumulated_attention() && budget_bytes < full_bytes; }
  bool metadata_decides() const {
    const bool norm = needs.measure == EntryMeasure::key_norm || needs.measure == EntryMeasure::value_norm;
    return attention_decides() || (norm && budget_bytes < full_bytes);
  }
  /// Whether delimiters are learned: wherever blocks are used, because entries are evicted or tokens read sparsely.
  bool learns_delimiters() const {
    const bool used = needs.block_boxes || budget_bytes < full_bytes;
    return used && needs.block_size > 0 && needs.cutting == Cutting::learned;
  }
  /// Whether a stream's keys, or those of any, are compared before they are rotated (anchors.hpp).
  bool compares_keys(StreamId stream) const {
    return budget_bytes < full_bytes && kv::compares_keys(shape.at(stream), needs);
  }
  bool compares_keys() const {
    return budget_bytes < full_bytes && std::any_of(shape.layers.begin(), shape.layers.end(), [&](const auto& stream) {
             return kv::compares_keys(stream, needs);
           });
  }
  /// Whether a stream's entries, or those of any, have scores that are computed from attention's input.
  bool scores_entries(StreamId stream) const {
    return budget_bytes < full_bytes && kv::scores_entries(shape.at(stream), needs);
  }
  bool scores_entries() const {
    return budget_bytes < full_bytes && std::any_of(shape.layers.begin(), shape.layers.end(), [&](const auto& stream) {
             return kv::scores_entries(stream, needs);
           });
  }
  /// Whether texts may be looked at (looks.hpp), also to measure what looks find where everything fits. Not where a
  /// stream is held: which of the layers that attend to it decides is not defined.
  bool may_look() const {
    const EntryMeasure measure = rule != nullptr ? rule->needs().measure : EntryMeasure::none;
    const bool held = std::any_of(shape.layers.begin(), shape.layers.end(), [](const auto& s) { return s.held; });
    return shape.states.empty() && !held && (measure == EntryMeasure::distinctness || measure == EntryMeasure::learned);
  }
  /// The rule that decides in a stream: where it has no learned scores, the one that compares keys.
  const Rule& rule_of(StreamId stream) const {
    const bool fallback = needs.measure == EntryMeasure::learned && !shape.at(stream).scored;
    return fallback ? distinct_rule() : *rule;
  }
  /// What a pass measures for this plan: nothing where measurements could not decide anything.
  std::int64_t observed_queries() const { return budget_bytes < full_bytes ? needs.attention_queries : 0; }
  LayerStatistic observed_statistic() const {
    return budget_bytes < full_bytes ? needs.statistic : LayerStatistic::none;
  }
};

/// Inputs that some splits use.
struct SplitFacts {
  const Profile* profile = nullptr;  ///< of this model; only looked at while the plan is made
  std::uint64_t seed = 0;            ///< for splits that choose at random
};

/// Computes the plan; `split`: for null, one is chosen as kChosenSplit says. `automatic_bytes` is the size of an
/// automatic budget (the caller knows the machine): the plan takes the smaller of this and the bytes of min(context,
/// 16384) tokens. The chunk is the largest power of two ≤ 512 and ≤ context / 4 (so that prefill beyond the context
/// never evicts more than a quarter of the context at once) whose staging is at most an eighth of the budget, but at
/// least 16. Errors: out_of_memory with the smallest possible budget when the request is below the floors;
/// invalid_argument for a split that needs a profile without one or with one of another number of layers, and for a
/// shape without layers, heads or context. Where no layer keeps entries, there is nothing to divide, and the split is
/// "uniform" whatever was requested.
Result<Plan> make_plan(const Shape& shape, const BudgetRequest& request, std::int64_t automatic_bytes,
                       const Split* split, const Rule& keep, const SplitFacts& facts = {}, const Reading& reading = {});

/// A plan with these entries for each layer (raised to a granule, cut to what the layer can use, up to whole granules),
/// whatever it costs: for measurements that need quotas no split would give. `chunk`: the max number of tokens
/// processed at a time, as near as make_plan's bounds allow. Errors: as make_plan; invalid_argument for another number
/// of quotas than layers.
Result<Plan> plan_of_quotas(const Shape& shape, std::span<const std::int64_t> quotas, int chunk, const Rule& keep);

/// Bytes one token costs over all layers as they are stored, position and index included (for people: "KV per
/// token").
std::int64_t bytes_per_token(const Shape& shape);

}  // namespace brim::kv

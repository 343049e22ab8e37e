// The buffers of a forward pass, cut once from an arena: activations for the rows of one pass, scores for each thread.
// Their bytes are outside the KV budget and are known before anything is allocated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/kv/eviction.hpp"
#include "engine/kv/plan.hpp"
#include "engine/model/config.hpp"
#include "kernels/attention.hpp"
#include "kernels/multiply.hpp"
#include "kernels/table.hpp"

namespace brim::model {

/// Rows (a token and a query head) whose attention one task computes together, over the same keys and values.
inline constexpr std::int64_t kAttentionRows = 128;
/// Max number of tokens of a pass whose context is split between threads.
inline constexpr std::int64_t kSplitTokens = 16;

/// The number of tokens that give this many rows.
constexpr std::int64_t attention_tile(std::int64_t group) {
  return group < kAttentionRows ? kAttentionRows / group : 1;
}

/// Max number of tokens that go through a layer's products together. A chunk may be larger, but only its residual
/// stream, keys and values are held completely: memory outside the budget is part of what the user was promised, and
/// panels of weights stay in the processor's cache for far fewer tokens than this.
inline constexpr std::int64_t kPassTile = 128;

/// What the sizes depend on.
struct WorkspaceShape {
  std::int64_t chunk = 0;                 ///< max tokens in one pass, of all its sequences
  std::int64_t entries = 0;               ///< max entries attention sees in one layer, the chunk included
  const kernels::Table* table = nullptr;  ///< whose kernels need scratch
  int threads = 1;
  std::int64_t attention_queries =
      0;  ///< what attention_statistics.hpp gathers: kv::Needs, nothing where it could decide nothing
  kv::LayerStatistic statistic = kv::LayerStatistic::none;
  bool learns_delimiters = false;  ///< kv::Plan
  std::int64_t read_blocks = 0;    ///< max number of blocks that sparse.hpp chooses from; 0: everything is read
  bool scores = false;             ///< entries have learned scores (layers/attention.cpp)
  bool looks = false;              ///< texts may be looked at (look_scores.hpp)

  bool operator==(const WorkspaceShape&) const = default;
};
WorkspaceShape workspace_shape(const kv::Plan& plan, const kernels::Table& table, int threads);
/// Sizes that have room for either.
WorkspaceShape cover(const WorkspaceShape& a, const WorkspaceShape& b);

/// One worker's range of the attention scratch: what the kernels need, and the state of one tile's rows.
struct WorkerScratch {
  float* kernel;
  float* largest;
  float* sums;
  float* out;
};

/// Row-major float buffers unless said; [rows][values]. Owned by the arena they were cut from.
struct Workspace {
  WorkspaceShape shape;
  std::span<float> stream;            ///< [chunk][embedding] the residual stream
  std::span<float> layer_input;       ///< the same before the current layer, only with Residual::parallel
  std::span<float> query_scale;       ///< [chunk] what queries are multiplied by, only with a temperature
  std::span<kernels::RowRole> roles;  ///< [chunk]
  std::span<float> key;               ///< [chunk][kv_heads · key_size], of the current layer, as the next ones
  std::span<float> value;             ///< [chunk][kv_heads · value_size]
  std::span<float> normed;            ///< [tile][embedding]
  std::span<float> branch;            ///< [tile][embedding] what a branch adds
  std::span<float> dense_out;         ///< [tile][embedding] a dense feed-forward's result, while experts have `branch`
  std::span<float> embedded;          ///< [chunk][embedding] the stream before the first layer, for layer_input.hpp
  std::span<float> layer_rows;        ///< [chunk][layers · layer_embedding]
  std::span<float> packed_row;        ///< room for one of these rows as the file has it
  std::span<float> query;             ///< [tile][heads · key_size]
  std::span<float> mixed;             ///< [tile][heads · value_size]
  std::span<float> mixer;             ///< [tile][MixerScratch::values]
  std::span<float> aside;             ///< [chunk][MixerScratch::aside]
  std::span<float> mixer_workers;     ///< [threads][MixerScratch::worker]
  std::span<float> gate;              ///< [tile][widest feed-forward]
  std::span<float> up;                ///< [tile][widest feed-forward]
  std::span<float> cosines;           ///< [2][chunk][pairs]: layers that see everything, layers with a window
  std::span<float> sines;             ///< the same
  std::span<float> row_largest;       ///< [tile][heads] states of attention; their sums of values are in `mixed`
  std::span<float> row_sums;          ///< the same
  std::span<float> range_largest;     ///< [ranges of a context after the first][split tokens][heads]
  std::span<float> range_sums;        ///< the same
  std::span<float> range_out;         ///< the same, each value_size
  std::span<float> attention;         ///< [threads][worker_scratch]
  std::span<float> accumulated;       ///< [kv_heads + 1][entries], only when requested
  std::span<float> learned;           ///< [kv_heads][entries], only where delimiters are learned
  std::span<float> observed;          ///< [kv_heads][statistic_rows][entries], only when requested
  // What a single token reads of a layer (sparse.hpp), only where it may be less than everything.
  std::span<float> read_scores;                ///< [kv_heads][blocks]
  std::span<float> read_products;              ///< [heads][blocks]
  std::span<std::uint32_t> read_order;         ///< [kv_heads][blocks]
  std::span<kernels::KvRun> read_runs;         ///< [kv_heads][runs]
  std::span<std::int64_t> read_entries;        ///< [kv_heads][runs] each run's first entry in the view
  std::span<std::int64_t> read_ranges;         ///< [kv_heads][ranges + 1] each range's first run, and their end
  std::span<std::int64_t> read_totals;         ///< [kv_heads] entries read
  std::span<float> entry_scores;               ///< [chunk][kv_heads] learned ones
  std::span<float> look_weights;               ///< [threads][look_entries] a query's attention
  std::span<float> look_scores;                ///< [threads][kv_heads][chunk], and their result, [chunk][kv_heads]
  std::span<float> router;                     ///< [tile][experts]
  std::span<float> gathered;                   ///< [tile][embedding] tokens of one expert
  std::span<kernels::RowRole> gathered_roles;  ///< [tile]
  std::span<float> expert_out;                 ///< [tile][embedding]
  std::span<float> shared_weight;              ///< [tile] how much the shared experts count
  std::span<float> expert_weight;              ///< [tile][experts_used]
  std::span<std::int32_t> expert_choice;       ///< [tile][experts_used], ascending
  std::span<std::int32_t> expert_tokens;       ///< [tile] rows of `gathered`, by token
  std::span<std::byte> product;                ///< scratch of kernels::multiply

  WorkerScratch worker_scratch(int worker) const;
  /// One worker's range of mixer_workers.
  float* mixer_scratch(int worker) const { return mixer_workers.data() + worker * mixer_floats_; }
  /// Rows of one range in range_largest.
  std::int64_t split_rows() const { return split_rows_; }
  /// Max number of ranges of a context, and of runs that a single token may read per head.
  std::int64_t max_ranges() const {
    return (shape.entries + 2 * kernels::kAttentionRange - 2) / kernels::kAttentionRange;
  }
  std::int64_t max_runs() const { return shape.read_blocks + max_ranges() + 2; }
  /// Max number of entries that a look's softmax is over: the sinks, a piece, and its replay.
  std::int64_t look_entries() const { return kv::kMaxSinks + 2 * shape.chunk; }

  /// Cuts the buffers out of `memory`; with an empty span only counts. Returns the bytes they take.
  std::size_t lay_out(const Config& config, const WorkspaceShape& sizes, std::span<std::byte> memory);
  static std::size_t bytes(const Config& config, const WorkspaceShape& sizes) {
    return Workspace{}.lay_out(config, sizes, {});
  }

 private:
  std::int64_t split_rows_ = 0;
  std::int64_t tile_rows_ = 0;    ///< rows of the largest attention tile
  std::int64_t tile_values_ = 0;  ///< values of these rows
  std::int64_t worker_floats_ = 0;
  std::int64_t mixer_floats_ = 0;  ///< of one worker
};

}  // namespace brim::model

// See workspace.hpp.
#include "engine/model/workspace.hpp"

#include <algorithm>

#include "engine/model/attention_statistics.hpp"
#include "engine/model/layers/mixer.hpp"
#include "engine/model/sparse.hpp"
#include "kernels/attention.hpp"
#include "kernels/multiply.hpp"

namespace brim::model {
namespace {

// Hands out 64-byte aligned ranges of a span, or only counts them when the span is empty.
class Cutter {
 public:
  explicit Cutter(std::span<std::byte> memory) : memory_(memory) {}

  template <class T>
  void cut(std::span<T>& range, std::int64_t count) {
    const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(T);
    if (!memory_.empty()) range = {reinterpret_cast<T*>(memory_.data() + used_), static_cast<std::size_t>(count)};
    used_ += (bytes + 63) / 64 * 64;
  }
  std::size_t used() const { return used_; }

 private:
  std::span<std::byte> memory_;
  std::size_t used_ = 0;
};

/// The largest of each size over all layers.
struct LayerMaxima {
  explicit LayerMaxima(const Config& config)
      : width(std::max({config.expert_feed_forward, config.shared_expert_feed_forward, config.layer_embedding})) {
    for (const LayerConfig& layer : config.layers) {
      if (layer.mixer != nullptr) {
        const MixerScratch own = layer.mixer->scratch(config, layer);
        mixing.values = std::max(mixing.values, own.values);
        mixing.widest = std::max(mixing.widest, own.widest);
        mixing.aside = std::max(mixing.aside, own.aside);
        mixing.worker = std::max(mixing.worker, own.worker);
      }
      heads = std::max<std::int64_t>(heads, layer.heads);
      kv_heads = std::max<std::int64_t>(kv_heads, layer.kv_heads);
      query_row = std::max(query_row, std::int64_t{layer.heads} * layer.key_size);
      mixed_row = std::max(mixed_row, std::int64_t{layer.heads} * layer.value_size);
      key_row = std::max(key_row, std::int64_t{layer.kv_heads} * layer.key_size);
      value_row = std::max(value_row, std::int64_t{layer.kv_heads} * layer.value_size);
      if (layer.kv_heads > 0) group = std::max<std::int64_t>(group, layer.heads / layer.kv_heads);
      width = std::max(width, layer.feed_forward_width);
      dense_and_experts = dense_and_experts || layer.kind == FeedForward::dense_and_experts;
    }
  }

  std::int64_t heads = 0, kv_heads = 0, group = 0;
  std::int64_t query_row = 0, mixed_row = 0, key_row = 0, value_row = 0;  ///< values of a row, all heads
  std::int64_t width;                                                     ///< of feed-forwards
  MixerScratch mixing;
  bool dense_and_experts = false;
};

}  // namespace

WorkspaceShape workspace_shape(const kv::Plan& plan, const kernels::Table& table, int threads) {
  WorkspaceShape shape;
  shape.table = &table;
  shape.chunk = plan.chunk;
  shape.threads = threads;
  shape.attention_queries = plan.observed_queries();
  shape.statistic = plan.observed_statistic();
  shape.learns_delimiters = plan.learns_delimiters();
  shape.entries = plan.max_entries + plan.chunk;
  if (plan.reading.sparse) shape.read_blocks = kv::max_blocks(plan.max_entries, plan.needs.block_size);
  shape.scores = plan.scores_entries();
  shape.looks = plan.may_look();
  return shape;
}

WorkspaceShape cover(const WorkspaceShape& a, const WorkspaceShape& b) {
  WorkspaceShape both = a;
  both.chunk = std::max(a.chunk, b.chunk);
  both.entries = std::max(a.entries, b.entries);
  if (both.table == nullptr) both.table = b.table;
  both.threads = std::max(a.threads, b.threads);
  both.attention_queries = std::max(a.attention_queries, b.attention_queries);
  if (statistic_rows(b.statistic) > statistic_rows(a.statistic)) both.statistic = b.statistic;
  both.learns_delimiters = a.learns_delimiters || b.learns_delimiters;
  both.read_blocks = std::max(a.read_blocks, b.read_blocks);
  both.scores = a.scores || b.scores;
  both.looks = a.looks || b.looks;
  return both;
}

std::size_t Workspace::lay_out(const Config& config, const WorkspaceShape& sizes, std::span<std::byte> memory) {
  shape = sizes;
  const LayerMaxima max(config);
  const std::int64_t heads = max.heads, kv_heads = max.kv_heads, group = max.group, width = max.width;
  const MixerScratch& mixing = max.mixing;
  const std::int64_t chunk = sizes.chunk, tile = std::min(chunk, kPassTile), pairs = config.rope.max_pairs();
  const int key_size = config.max_key_size(), value_size = config.max_value_size();
  Cutter cutter(memory);
  cutter.cut(stream, chunk * config.embedding);
  if (config.residual == Residual::parallel) cutter.cut(layer_input, chunk * config.embedding);
  if (config.query_temperature.scale != 0) cutter.cut(query_scale, chunk);
  cutter.cut(roles, chunk);
  cutter.cut(key, chunk * max.key_row);
  cutter.cut(value, chunk * max.value_row);
  cutter.cut(normed, tile * config.embedding);
  cutter.cut(branch, tile * config.embedding);
  if (max.dense_and_experts) cutter.cut(dense_out, tile * config.embedding);
  if (config.layer_embedding > 0) {
    const std::int64_t row = config.layer_embedding * static_cast<std::int64_t>(config.layers.size());
    cutter.cut(embedded, chunk * config.embedding);
    cutter.cut(layer_rows, chunk * row);
    cutter.cut(packed_row, row);
  }
  cutter.cut(query, tile * max.query_row);
  cutter.cut(mixed, tile * max.mixed_row);
  cutter.cut(mixer, tile * mixing.values);
  cutter.cut(aside, chunk * mixing.aside);
  mixer_floats_ = (mixing.worker + 15) / 16 * 16;  // no two workers share a cache line
  cutter.cut(mixer_workers, sizes.threads * mixer_floats_);
  cutter.cut(gate, tile * width);
  cutter.cut(up, tile * width);
  cutter.cut(cosines, 2 * chunk * pairs);
  cutter.cut(sines, 2 * chunk * pairs);
  cutter.cut(row_largest, tile * heads);
  cutter.cut(row_sums, tile * heads);
  const std::int64_t split_tokens = sizes.threads > 1 ? std::min(chunk, kSplitTokens) : 0;
  const std::int64_t ranges = max_ranges();  // entries may begin anywhere in the first one
  split_rows_ = split_tokens * heads;
  for (auto* range : {&range_largest, &range_sums}) cutter.cut(*range, (ranges - 1) * split_rows_);
  cutter.cut(range_out, (ranges - 1) * split_rows_ * value_size);
  tile_rows_ = std::max(kAttentionRows, group);
  tile_values_ = tile_rows_ * value_size;
  std::int64_t kernel_floats = kernels::attention_scratch(tile_rows_, key_size, value_size);
  if (sizes.read_blocks > 0) kernel_floats = std::max(kernel_floats, scoring_scratch(*sizes.table, group, key_size));
  worker_floats_ = kernel_floats + 2 * tile_rows_ + tile_values_;
  worker_floats_ = (worker_floats_ + 15) / 16 * 16;
  cutter.cut(attention, sizes.threads * worker_floats_);
  if (sizes.attention_queries > 0) cutter.cut(accumulated, (kv_heads + 1) * sizes.entries);
  if (sizes.learns_delimiters) cutter.cut(learned, kv_heads * sizes.entries);
  cutter.cut(observed, kv_heads * statistic_rows(sizes.statistic) * sizes.entries);
  if (sizes.read_blocks > 0) {
    cutter.cut(read_scores, kv_heads * sizes.read_blocks);
    cutter.cut(read_products, kv_heads * group * sizes.read_blocks);
    cutter.cut(read_order, kv_heads * sizes.read_blocks);
    cutter.cut(read_runs, kv_heads * max_runs());
    cutter.cut(read_entries, kv_heads * max_runs());
    cutter.cut(read_ranges, kv_heads * (ranges + 1));
    cutter.cut(read_totals, kv_heads);
  }
  cutter.cut(entry_scores, sizes.scores ? chunk * kv_heads : 0);
  cutter.cut(look_weights, sizes.looks ? sizes.threads * look_entries() : 0);
  cutter.cut(look_scores, sizes.looks ? (sizes.threads + 1) * kv_heads * chunk : 0);
  if (config.has_experts()) {
    cutter.cut(router, tile * config.experts);
    cutter.cut(gathered, tile * config.embedding);
    cutter.cut(gathered_roles, tile);
    cutter.cut(expert_out, tile * config.embedding);
    if (config.shared_expert_feed_forward > 0) cutter.cut(shared_weight, tile);
    cutter.cut(expert_weight, tile * config.experts_used);
    cutter.cut(expert_choice, tile * config.experts_used);
    cutter.cut(expert_tokens, tile);
  }
  const std::int64_t widest = std::max({config.embedding, width, max.mixed_row, mixing.widest});
  cutter.cut(product,
             static_cast<std::int64_t>(kernels::multiply_scratch_bytes(*sizes.table, widest, tile, sizes.threads)));
  return cutter.used();
}

WorkerScratch Workspace::worker_scratch(int worker) const {
  float* largest = attention.data() + worker * worker_floats_;
  float* sums = largest + tile_rows_;
  float* out = sums + tile_rows_;
  return {out + tile_values_, largest, sums, out};
}

}  // namespace brim::model

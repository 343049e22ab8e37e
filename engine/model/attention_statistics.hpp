// What rules, splits and blocks need to know about a stream's attention, gathered during attention: how much attention
// entries received, from the last queries together and from single ones, and the statistic of the layer. Sits between
// layers/attention.cpp, which calls it, and the memory, which decides. Does nothing for policies that request nothing.
#pragma once

#include "engine/kv/view.hpp"
#include "engine/model/pass.hpp"

namespace brim::model {

class LayerAttention;

/// Statistics of one stream of a segment. In this order: constructed when the chunk is staged; after_attention for each
/// tile of its tokens; finish once, before another one begins. Borrows everything; one thread at a time.
class AttentionStatistics {
 public:
  /// `own`: the layer keeps the stream; of another layer that attends to it, only the attention counts.
  AttentionStatistics(const Pass& pass, const Segment& segment, kv::StreamId stream, const kv::View& view,
                      bool own) noexcept;

  /// Call while the rows' states are those of this tile (attend.hpp).
  void after_attention(const Pass& tile) noexcept;
  /// Passes the results to the chunk; call before the stream is committed.
  void finish() noexcept;

 private:
  void gather(const Pass& tile, std::int64_t queries, float* rows, std::int64_t row_stride) const noexcept;
  void gather_read(const Pass& tile, const LayerAttention& layer, float* rows, std::int64_t row_stride) const noexcept;
  void gather_query_by_query(const Pass& tile) const noexcept;
  void gather_observed(const Pass& tile) const noexcept;
  void add_query(const Pass& tile, const LayerAttention& layer, std::int64_t token, float* rows,
                 std::int64_t row_stride) const noexcept;
  double statistic() const noexcept;
  double minimal_budget() const noexcept;
  double output_budget() const noexcept;
  double dispersion() const noexcept;
  std::int64_t entries_for_output(int head, int worker) const noexcept;
  /// Row `number` of a head in the buffer of the statistic.
  std::span<float> row(int head, int number) const noexcept;

  const Pass& pass_;
  const Segment& segment_;
  const kv::View& view_;
  kv::StreamId stream_;
  int heads_;
  std::int64_t attention_queries_;
  kv::LayerStatistic statistic_;
  bool learns_;
};

/// How much the attention branch rotates the residual stream, for the split that uses it. In this order: before_branch
/// and after_branch around the addition, for each tile; finish once. Only for segments long enough for statistics.
class BranchStatistics {
 public:
  /// `own`: as for AttentionStatistics; otherwise nothing is measured.
  BranchStatistics(const Segment& segment, bool own) noexcept;
  void before_branch(const Pass& tile) noexcept;
  void after_branch(const Pass& tile) noexcept;
  void finish(kv::StreamId stream) noexcept;

 private:
  const Segment& segment_;
  bool wanted_;
  double similarity_ = 0;
};

/// Rows of floats, as long as the number of a layer's entries, that a statistic needs per KV head.
constexpr int statistic_rows(kv::LayerStatistic statistic) {
  switch (statistic) {
    case kv::LayerStatistic::minimal_budget:
      return 1;
    case kv::LayerStatistic::output_budget:
      return 2;
    case kv::LayerStatistic::dispersion:
      return 3;
    default:
      return 0;
  }
}

}  // namespace brim::model

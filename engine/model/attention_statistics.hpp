// What rules and splits want to know of a stream's attention, gathered beside it: how much attention entries
// received, and the statistic of the layer. Sits between layers/attention.cpp, which says when, and the memory, which decides.
// Nothing is done for policies that ask for nothing.
#pragma once

#include "engine/kv/view.hpp"
#include "engine/model/pass.hpp"

namespace brim::model {

class LayerAttention;

/// One stream of a segment. In this order: constructed when the chunk is staged; after_attention for each tile of its
/// tokens; finish once, before another one begins. Borrows everything; one thread at a time.
class AttentionStatistics {
 public:
  AttentionStatistics(const Pass& pass, const Segment& segment, kv::StreamId stream, const kv::View& view) noexcept;

  /// While the rows' states are those of this tile (attend.hpp).
  void after_attention(const Pass& tile) noexcept;
  /// Passes it to the chunk; before the stream is committed.
  void finish() noexcept;

 private:
  void gather(const Pass& tile, std::int64_t queries, float* rows, std::int64_t row_stride) const noexcept;
  void gather_read(const Pass& tile, const LayerAttention& layer, float* rows, std::int64_t row_stride) const noexcept;
  void gather_query_by_query(const Pass& tile) const noexcept;
  double statistic() const noexcept;
  double minimal_budget() const noexcept;
  double output_budget() const noexcept;
  double dispersion() const noexcept;
  std::int64_t entries_for_output(int head, int worker) const noexcept;
  /// Row `number` of a head in what the statistic works in.
  std::span<float> row(int head, int number) const noexcept;

  const Pass& pass_;
  const Segment& segment_;
  const kv::View& view_;
  kv::StreamId stream_;
  int heads_;
  std::int64_t attention_queries_;
  kv::LayerStatistic statistic_;
};

/// How much attention's branch turns the residual stream, for the split that goes by it. In this order: before_branch
/// and after_branch around the addition, for each tile; finish once. Of segments long enough for statistics only.
class BranchStatistics {
 public:
  explicit BranchStatistics(const Segment& segment) noexcept;
  void before_branch(const Pass& tile) noexcept;
  void after_branch(const Pass& tile) noexcept;
  void finish(kv::StreamId stream) noexcept;

 private:
  const Segment& segment_;
  bool wanted_;
  double similarity_ = 0;
};

/// Rows of floats, as long as a layer has entries, that a statistic takes for each KV head.
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

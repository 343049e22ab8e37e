// See look_scores.hpp. Scores are computed once more, query by query, because each query has its own sum. Each worker
// keeps its own largest values: the largest of them is the same however the queries were divided.
#include "engine/model/look_scores.hpp"

#include <algorithm>

#include "engine/model/layer_attention.hpp"
#include "kernels/threads.hpp"

namespace brim::model {

LookScores::LookScores(const Pass& pass, const Segment& segment, kv::StreamId stream, const kv::View& view) noexcept
    : pass_(pass), segment_(segment), view_(view), stream_(stream), heads_(segment.plan().shape.at(stream).kv_heads) {
  if (!segment.look) return;
  range_ = segment.chunk->looked_at(stream);
  for (int worker = 0; worker < pass.runtime.threads.count; ++worker) {
    for (int head = 0; head < heads_; ++head) std::fill_n(largest(worker, head), range_.count, 0.0f);
  }
}

float* LookScores::largest(int worker, int head) const noexcept {
  const Workspace& work = pass_.work;
  return work.look_scores.data() + (std::int64_t{worker} * heads_ + head) * work.shape.chunk;
}

void LookScores::after_attention(const Pass& tile) noexcept {
  if (range_.count == 0) return;
  const LayerAttention layer(tile, segment_, stream_, view_);
  kernels::for_chunks(tile.runtime.threads, layer.tokens() * heads_, [&](std::int64_t task, int worker) noexcept {
    if (tile.cancelled()) return;
    for (int query = 0; query < layer.group(); ++query) {
      add_query(tile, layer, static_cast<int>(task % heads_), task / heads_, query, worker);
    }
  });
}

void LookScores::add_query(const Pass& tile, const LayerAttention& layer, int head, std::int64_t token, int query,
                           int worker) const noexcept {
  // The sinks, and behind them the replayed entries and the replay, which follow one another in the view.
  const std::int64_t count = range_.sinks + view_.entries() - range_.first;
  float* weights = tile.work.look_weights.data() + worker * tile.work.look_entries();
  std::fill_n(weights, count, 0.0f);
  const auto add = [&](std::int64_t first, std::int64_t end, float* at) {
    layer.with_entries(head, query, token, first, end, [&](kernels::Attend& call) {
      call.scratch = tile.work.worker_scratch(worker).kernel;
      call.state = layer.row(head, token, query);
      layer.add_attention({call, at + (layer.entry(call.first) - first)});
    });
  };
  add(0, range_.sinks, weights);
  add(range_.first, view_.entries(), weights + range_.sinks);
  double total = 0;
  for (std::int64_t i = 0; i < count; ++i) total += double{weights[i]};
  if (!(total > 0)) return;
  float* best = largest(worker, head);
  for (std::int64_t i = 0; i < range_.count; ++i) {
    best[i] = std::max(best[i], static_cast<float>(double{weights[range_.sinks + i]} / total));
  }
}

void LookScores::finish() noexcept {
  if (!segment_.look) return;
  const int workers = pass_.runtime.threads.count;
  float* scores = largest(workers, 0);
  for (std::int64_t i = 0; i < range_.count; ++i) {
    for (int head = 0; head < heads_; ++head) {
      float score = 0;
      for (int worker = 0; worker < workers; ++worker) score = std::max(score, largest(worker, head)[i]);
      scores[i * heads_ + head] = score;
    }
  }
  if (segment_.inputs != nullptr && segment_.inputs->looks) {
    segment_.inputs->looks(stream_, range_.count, {scores, static_cast<std::size_t>(range_.count * heads_)});
  }
  segment_.chunk->keep_look(stream_, {scores, heads_});
}

}  // namespace brim::model

// See attention_statistics.hpp. The last queries of a chunk may lie in two tiles: rows add up over tiles and are
// evaluated in finish().
#include "engine/model/attention_statistics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "engine/model/layer_attention.hpp"
#include "engine/model/statistics.hpp"
#include "kernels/threads.hpp"

namespace brim::model {
namespace {

constexpr double kAttentionShare = 0.9;  ///< τ of LMBA
constexpr double kOutputError = 0.1;     ///< ε of LMBO
constexpr std::int64_t kOutputQueries = 1;

/// Of the segment's tokens in the tile, the first that is one of its last `queries`; the number of tokens when there is
/// none.
std::int64_t first_of_last(const Pass& tile, const Segment& segment, std::int64_t queries) {
  const CommonRows rows(tile, segment);
  const std::int64_t first = segment.tokens - std::min(queries, segment.tokens) - rows.in_chunk;
  return std::clamp<std::int64_t>(first, 0, rows.tokens);
}

kv::LayerStatistic statistic_of(const Segment& segment) {
  const bool none = segment.look || segment.tokens < kv::kStatisticQueries;
  return none ? kv::LayerStatistic::none : segment.plan().observed_statistic();
}

// A single token of a sparse reading attends to what it reads: nothing can be learned about the rest.
bool learns_delimiters(const Segment& segment) {
  return segment.plan().learns_delimiters() && !(segment.tokens == 1 && segment.plan().reading.sparse);
}

}  // namespace

AttentionStatistics::AttentionStatistics(const Pass& pass, const Segment& segment, kv::StreamId stream,
                                         const kv::View& view, bool own) noexcept
    : pass_(pass),
      segment_(segment),
      view_(view),
      stream_(stream),
      heads_(segment.plan().shape.at(stream).kv_heads),
      attention_queries_(segment.look ? 0 : segment.plan().observed_queries()),
      statistic_(own ? statistic_of(segment) : kv::LayerStatistic::none),
      learns_(own && !segment.look && learns_delimiters(segment)) {
  // Only as many as this layer's entries: a token of an answer must not pay for the longest possible layer.
  const std::int64_t entries = pass.work.shape.entries;
  const auto clear = [&](std::span<float> rows, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) std::fill_n(rows.data() + i * entries, view.entries(), 0.0f);
  };
  if (attention_queries_ > 0) clear(pass.work.accumulated, heads_ + 1);
  clear(pass.work.observed, std::int64_t{heads_} * statistic_rows(statistic_));
}

std::span<float> AttentionStatistics::row(int head, int number) const noexcept {
  const std::int64_t place = (std::int64_t{head} * statistic_rows(statistic_) + number) * pass_.work.shape.entries;
  return pass_.work.observed.subspan(static_cast<std::size_t>(place), static_cast<std::size_t>(view_.entries()));
}

void AttentionStatistics::after_attention(const Pass& tile) noexcept {
  Workspace& work = pass_.work;
  const std::int64_t entries = work.shape.entries;
  if (attention_queries_ > 0) gather(tile, attention_queries_, work.accumulated.data() + entries, entries);
  if (learns_) gather_observed(tile);
  switch (statistic_) {
    case kv::LayerStatistic::minimal_budget:
      return gather(tile, kv::kStatisticQueries, work.observed.data(), entries);
    case kv::LayerStatistic::output_budget:
      return gather(tile, kOutputQueries, work.observed.data(), 2 * entries);
    case kv::LayerStatistic::dispersion:
      return gather_query_by_query(tile);
    default:
      return;
  }
}

// The attention that each entry received, from the rows' final states: scores are computed once more. A task is a range
// of a head's entries, whose sums are computed in the order of tokens.
void AttentionStatistics::gather(const Pass& tile, std::int64_t queries, float* rows,
                                 std::int64_t row_stride) const noexcept {
  const LayerAttention layer(tile, segment_, stream_, view_);
  const std::int64_t begin = first_of_last(tile, segment_, queries), max = attention_tile(layer.group());
  if (layer.sparse()) return gather_read(tile, layer, rows, row_stride);
  kernels::for_chunks(tile.runtime.threads, layer.ranges() * heads_, [&](std::int64_t task, int worker) noexcept {
    const int head = static_cast<int>(task % heads_);
    float* accumulated = rows + head * row_stride;
    for (std::int64_t token = begin; token < layer.tokens() && !tile.cancelled(); token += max) {
      layer.with_range(head, token, std::min(max, layer.tokens() - token), task / heads_, [&](kernels::Attend& call) {
        call.scratch = tile.work.worker_scratch(worker).kernel;
        call.state = layer.result(head, token);
        layer.add_attention({call, accumulated + layer.entry(call.first)});
      });
    }
  });
}

// A single token that reads only some blocks gives attention only to those.
void AttentionStatistics::gather_read(const Pass& tile, const LayerAttention& layer, float* rows,
                                      std::int64_t row_stride) const noexcept {
  kernels::for_chunks(tile.runtime.threads, heads_, [&](std::int64_t task, int worker) noexcept {
    const int head = static_cast<int>(task);
    layer.with_runs(head, [&](kernels::Attend& call, std::int64_t entry) {
      call.scratch = tile.work.worker_scratch(worker).kernel;
      call.state = layer.result(head, 0);
      layer.add_attention({call, rows + head * row_stride + entry});
    });
  });
}

// Variance needs each query's weights separately: they are computed in the third row and added to the first two.
void AttentionStatistics::gather_query_by_query(const Pass& tile) const noexcept {
  const LayerAttention layer(tile, segment_, stream_, view_);
  const std::int64_t begin = first_of_last(tile, segment_, kv::kStatisticQueries);
  kernels::for_chunks(tile.runtime.threads, heads_, [&](std::int64_t task, int worker) noexcept {
    const int head = static_cast<int>(task);
    const std::span<float> sums = row(head, 0), squares = row(head, 1), own = row(head, 2);
    for (std::int64_t token = begin; token < layer.tokens() && !tile.cancelled(); ++token) {
      std::fill(own.begin(), own.end(), 0.0f);
      for (std::int64_t range = 0; range < layer.ranges(); ++range) {
        layer.with_range(head, token, 1, range, [&](kernels::Attend& call) {
          call.scratch = tile.work.worker_scratch(worker).kernel;
          call.state = layer.result(head, token);
          layer.add_attention({call, own.data() + layer.entry(call.first)});
        });
      }
      for (std::size_t i = 0; i < own.size(); ++i) {
        sums[i] += own[i];
        squares[i] += own[i] * own[i];
      }
    }
  });
}

// Tokens of an answer are left out also where they are processed again together: at first each was a single one.
void AttentionStatistics::gather_observed(const Pass& tile) const noexcept {
  const LayerAttention layer(tile, segment_, stream_, view_);
  const CommonRows rows(tile, segment_);
  const std::int64_t entries = pass_.work.shape.entries;
  float* learned = pass_.work.learned.data();
  for (std::int64_t token = 0; token < layer.tokens() && !tile.cancelled(); ++token) {
    const bool prompt = kernels::of_prompt(tile.roles[rows.in_tile + token]);
    if (!prompt || !segment_.chunk->observes(rows.in_chunk + token)) continue;
    for (int head = 0; head < heads_; ++head) std::fill_n(learned + head * entries, view_.entries(), 0.0f);
    add_query(tile, layer, token, learned, entries);
    for (int head = 1; head < heads_; ++head) {
      pass_.runtime.table.add_scaled(learned, learned + head * entries, view_.entries(), 1.0f);
    }
    segment_.chunk->learn(stream_, rows.in_chunk + token, {learned, static_cast<std::size_t>(view_.entries())});
  }
}

// The attention that each entry received from one token, from its rows' final states, head by head.
void AttentionStatistics::add_query(const Pass& tile, const LayerAttention& layer, std::int64_t token, float* rows,
                                    std::int64_t row_stride) const noexcept {
  kernels::for_chunks(tile.runtime.threads, layer.ranges() * heads_, [&](std::int64_t task, int worker) noexcept {
    const int head = static_cast<int>(task % heads_);
    layer.with_range(head, token, 1, task / heads_, [&](kernels::Attend& call) {
      call.scratch = tile.work.worker_scratch(worker).kernel;
      call.state = layer.result(head, token);
      layer.add_attention({call, rows + head * row_stride + layer.entry(call.first)});
    });
  });
}

double AttentionStatistics::minimal_budget() const noexcept {
  double entries = 0;
  for (int head = 0; head < heads_; ++head)
    entries += static_cast<double>(min_entries_for(row(head, 0), kAttentionShare));
  return entries / (heads_ * static_cast<double>(view_.entries()));
}

// The head's own output is computed from all entries; then from the largest weights on, until it is near enough.
std::int64_t AttentionStatistics::entries_for_output(int head, int worker) const noexcept {
  const std::span<float> weights = row(head, 0);
  const auto count = static_cast<std::int64_t>(weights.size());
  auto* order = reinterpret_cast<std::uint32_t*>(row(head, 1).data());
  std::iota(order, order + count, 0u);
  // NaN from damaged weights comes last: sorting needs an order of all values.
  const auto weight = [&](std::uint32_t entry) { return std::isnan(weights[entry]) ? -1.0f : weights[entry]; };
  std::sort(order, order + count,
            [&](std::uint32_t a, std::uint32_t b) { return weight(a) != weight(b) ? weight(a) > weight(b) : a > b; });
  const int size = segment_.plan().shape.at(stream_).value_size;
  float* value = pass_.work.worker_scratch(worker).kernel;
  float *whole = value + size, *some = whole + size;
  const kernels::KvTypes types = segment_.plan().shape.at(stream_).types;
  const auto unpack = pass_.runtime.table.unpack_kv[static_cast<int>(types.value)];
  const auto add = [&](std::uint32_t entry, float* sum) {
    unpack(view_.range(head, entry, entry + 1).values, size, value);
    pass_.runtime.table.add_scaled(sum, value, size, weights[entry]);
  };
  std::fill_n(whole, 2 * size, 0.0f);
  double total = 0, length = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    add(static_cast<std::uint32_t>(i), whole);
    total += weights[static_cast<std::size_t>(i)];
  }
  if (!(total > 0)) return 0;
  for (int d = 0; d < size; ++d) {
    whole[d] /= static_cast<float>(total);
    length += double{whole[d]} * whole[d];
  }
  double taken = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    add(order[i], some);
    taken += weights[order[i]];
    double distance = 0;
    for (int d = 0; d < size; ++d) {
      const double difference = some[d] / taken - whole[d];
      distance += difference * difference;
    }
    if (distance <= kOutputError * kOutputError * length) return i + 1;
  }
  return count;
}

double AttentionStatistics::output_budget() const noexcept {
  std::array<std::int64_t, 256> counts{};
  const int heads = std::min(heads_, static_cast<int>(counts.size()));
  kernels::for_chunks(pass_.runtime.threads, heads, [&](std::int64_t head, int worker) noexcept {
    counts[static_cast<std::size_t>(head)] = entries_for_output(static_cast<int>(head), worker);
  });
  const double entries = static_cast<double>(std::accumulate(counts.begin(), counts.begin() + heads, std::int64_t{0}));
  return entries / (heads * static_cast<double>(view_.entries()));
}

double AttentionStatistics::dispersion() const noexcept {
  double spread = 0, change = 0;
  const LayerConfig& shape = pass_.config.layer(segment_.plan().shape.place(stream_).layer);
  const double rows = shape.heads / shape.kv_heads;
  for (int head = 0; head < heads_; ++head) {
    spread += entropy(row(head, 0));
    // A head's row holds the sum over its group: the variance of the group's mean is smaller by the square.
    change += variance_over_queries(row(head, 0), row(head, 1), kv::kStatisticQueries) / (rows * rows);
  }
  return spread / heads_ * (change / heads_);
}

double AttentionStatistics::statistic() const noexcept {
  switch (statistic_) {
    case kv::LayerStatistic::minimal_budget:
      return minimal_budget();
    case kv::LayerStatistic::output_budget:
      return output_budget();
    case kv::LayerStatistic::dispersion:
      return dispersion();
    default:
      break;
  }
  return 0;
}

void AttentionStatistics::finish() noexcept {
  if (attention_queries_ > 0) {
    const std::int64_t entries = pass_.work.shape.entries;
    float* accumulated = pass_.work.accumulated.data();
    for (int head = 0; head < heads_; ++head) {
      pass_.runtime.table.add_scaled(accumulated, accumulated + (head + 1) * entries, view_.entries(), 1.0f);
    }
    segment_.chunk->add_attention(stream_, {accumulated, static_cast<std::size_t>(view_.entries())},
                                  std::min(attention_queries_, segment_.tokens));
  }
  // BranchStatistics computes the similarity.
  if (statistic_ != kv::LayerStatistic::none && statistic_ != kv::LayerStatistic::similarity) {
    segment_.chunk->observe(stream_, statistic());
  }
}

BranchStatistics::BranchStatistics(const Segment& segment, bool own) noexcept
    : segment_(segment), wanted_(own && statistic_of(segment) == kv::LayerStatistic::similarity) {}

void BranchStatistics::before_branch(const Pass& tile) noexcept {
  if (!wanted_) return;
  // `normed` is free between the queries' projection and the feed-forward.
  const CommonRows rows(tile, segment_);
  const std::int64_t width = tile.config.embedding;
  std::copy_n(tile.work.stream.data() + rows.row * width, rows.tokens * width,
              tile.work.normed.data() + rows.in_tile * width);
}

void BranchStatistics::after_branch(const Pass& tile) noexcept {
  if (!wanted_) return;
  const CommonRows rows(tile, segment_);
  const std::int64_t width = tile.config.embedding;
  for (std::int64_t t = 0; t < rows.tokens; ++t) {
    const float* before = tile.work.normed.data() + (rows.in_tile + t) * width;
    const float* after = tile.work.stream.data() + (rows.row + t) * width;
    double product = 0, before_square = 0, after_square = 0;
    for (std::int64_t i = 0; i < width; ++i) {
      product += double{before[i]} * after[i];
      before_square += double{before[i]} * before[i];
      after_square += double{after[i]} * after[i];
    }
    const double length = std::sqrt(before_square * after_square);
    similarity_ += length > 0 ? product / length : 1;
  }
}

void BranchStatistics::finish(kv::StreamId stream) noexcept {
  if (wanted_) segment_.chunk->observe(stream, similarity_ / static_cast<double>(segment_.tokens));
}

}  // namespace brim::model

// One layer's attention as seen by all tasks of a tile and a segment: which entries each token sees, where they lie,
// and where the states of its rows are. Shared by attend.cpp, attention_statistics.cpp and look_scores.cpp.
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "engine/model/pass.hpp"
#include "engine/model/sparse.hpp"

namespace brim::model {

/// For one stream: all KV heads of a layer, or one of them. Valid as long as the view; used by many threads at once.
class LayerAttention {
 public:
  LayerAttention(const Pass& tile, const Segment& segment, kv::StreamId stream, const kv::View& view)
      : pass_(tile),
        rows_(tile, segment),
        stored_(segment.plan().shape.at(stream)),
        place_(segment.plan().shape.place(stream)),
        shape_(tile.config.layer(place_.layer)),
        view_(view),
        sparse_(reads_sparsely(segment, stream, view)),
        // With this the indices of entries follow their positions while nothing is evicted, also where entries that
        // slid out of a window are no longer in the view.
        before_(sparse_ ? 0 : view.positions().front() % kernels::kAttentionRange),
        ranges_(ranges_of(sparse_ ? max_read() : before_ + view.entries())) {}

  /// Of the segment in this tile. Below, tokens are counted from the first of them.
  std::int64_t tokens() const { return rows_.tokens; }
  int group() const { return shape_.heads / shape_.kv_heads; }
  int kv_heads() const { return stored_.kv_heads; }
  int value_size() const { return stored_.value_size; }
  /// Whether a single token reads only some blocks: indices then count the entries that it reads.
  bool sparse() const { return sparse_; }
  std::int64_t ranges() const { return ranges_; }

  /// By index, as kernels count: view entry + before_.
  kernels::Seen seen_by(std::int64_t token) const noexcept {
    const std::int64_t own = view_.retained() + rows_.in_chunk + token;
    if (shape_.window == 0) return {before_, before_ + own + 1};
    const auto positions = view_.positions();
    const std::int64_t oldest = positions[static_cast<std::size_t>(own)] - shape_.window + 1;
    const auto from = std::lower_bound(positions.begin(), positions.begin() + own, oldest);
    return {before_ + (from - positions.begin()), before_ + own + 1};
  }

  /// Where the state of `token`'s rows of a head is, among all rows of the tile.
  kernels::AttentionState result(int head, std::int64_t token) const noexcept {
    Workspace& work = pass_.work;
    const std::int64_t row = row_of(head, token);
    return {work.row_largest.data() + row, work.row_sums.data() + row, work.mixed.data() + row * value_size(),
            shape_.heads};
  }

  /// The sinks of the query heads that share the stream's KV head `head`, or null.
  const float* sinks(int head) const noexcept {
    const std::vector<float>& sinks = pass_.weights.layer(place_.layer).sinks;
    return sinks.empty() ? nullptr : sinks.data() + std::int64_t{place_.head + head} * group();
  }

  /// Calls body(call) with everything set but scratch and state, for tokens [token, token + count) and the entries of
  /// `range` that any of them sees; not at all if that is none.
  template <class Body>
  void with_range(int head, std::int64_t token, std::int64_t count, std::int64_t range, Body&& body) const noexcept {
    if (sparse_) return with_read_range(head, range, body);
    std::array<kernels::Seen, kAttentionRows> seen;
    for (std::int64_t t = 0; t < count; ++t) seen[static_cast<std::size_t>(t)] = seen_by(token + t);
    const std::int64_t first = std::max(range * kernels::kAttentionRange, seen[0].first);
    const std::int64_t end =
        std::min((range + 1) * kernels::kAttentionRange, seen[static_cast<std::size_t>(count - 1)].end);
    if (first >= end) return;
    kernels::Attend call = call_for(head, token, count, seen.data());
    with_entries_of(call, head, first, end, body);
  }

  /// The same for one token, one query head of the group and entries [first, end) of the view, as far as the token sees
  /// them. Not where it reads sparsely.
  template <class Body>
  void with_entries(int head, int query, std::int64_t token, std::int64_t first, std::int64_t end,
                    Body&& body) const noexcept {
    const kernels::Seen seen = seen_by(token);
    first = std::max(first + before_, seen.first);
    end = std::min(end + before_, seen.end);
    for (std::int64_t next = first; first < end; first = next) {
      next = std::min(end, (first / kernels::kAttentionRange + 1) * kernels::kAttentionRange);
      kernels::Attend call = call_for(head, token, 1, &seen);
      call.queries += std::int64_t{query} * call.key_size;
      call.group = 1;
      with_entries_of(call, head, first, next, body);
    }
  }
  /// The state of that row.
  kernels::AttentionState row(int head, std::int64_t token, int query) const noexcept {
    const kernels::AttentionState state = result(head, token);
    return {state.largest + query, state.sums + query, state.out + std::int64_t{query} * value_size(),
            state.token_stride};
  }

  /// The same for each run that the single token reads: body(call, first entry of the run in the view).
  template <class Body>
  void with_runs(int head, Body&& body) const noexcept {
    const Read read(pass_, head);
    const kernels::Seen seen{0, read.total()};
    kernels::Attend call = call_for(head, 0, 1, &seen);
    for (const kernels::KvRun& run : read.runs()) {
      call.runs = &run;
      call.first = call.end;
      call.end += run.count;
      body(call, read.entry(run));
    }
  }

  /// The place in the view of the entry with this index.
  std::int64_t entry(std::int64_t index) const { return index - before_; }

  void attend(const kernels::Attend& call) const noexcept {
    pass_.runtime.table.attend[static_cast<int>(stored_.types.key)][static_cast<int>(stored_.types.value)](call);
  }
  void add_attention(const kernels::AccumulatedAttention& call) const noexcept {
    pass_.runtime.table.accumulated_attention[static_cast<int>(stored_.types.key)](call);
  }

 private:
  /// The first of the rows of a token and the query heads that share the stream's KV head `head`.
  std::int64_t row_of(int head, std::int64_t token) const {
    return (rows_.in_tile + token) * shape_.heads + std::int64_t{place_.head + head} * group();
  }
  static std::int64_t ranges_of(std::int64_t entries) {
    return (entries + kernels::kAttentionRange - 1) / kernels::kAttentionRange;
  }
  /// The max number of entries that any head reads.
  std::int64_t max_read() const {
    std::int64_t max = 0;
    for (int head = 0; head < kv_heads(); ++head) max = std::max(max, Read(pass_, head).total());
    return max;
  }

  kernels::Attend call_for(int head, std::int64_t token, std::int64_t count, const kernels::Seen* seen) const noexcept {
    kernels::Attend call{};
    call.key_size = stored_.key_size;
    call.value_size = stored_.value_size;
    call.queries = pass_.work.query.data() + row_of(head, token) * call.key_size;
    call.query_stride = std::int64_t{shape_.heads} * call.key_size;
    call.group = group();
    call.tokens = count;
    call.seen = seen;
    call.scale = pass_.config.attention_scale;
    call.soft_cap = pass_.config.attention_soft_cap;
    return call;
  }

  /// Calls body(call) for the entries with indices [first, end), which belong to one range.
  template <class Body>
  void with_entries_of(kernels::Attend& call, int head, std::int64_t first, std::int64_t end,
                       Body& body) const noexcept {
    std::array<kernels::KvRun, 3> runs;  // a layer's entries make one or two ranges, the staged ones another
    std::size_t used = 0;
    for (std::int64_t at = first - before_; at < end - before_; at += runs[used - 1].count) {
      const kv::EntryRange piece = view_.range(head, at, end - before_);
      runs[used++] = {piece.keys, piece.values, piece.key_stride, piece.value_stride, piece.count};
    }
    call.runs = runs.data();
    call.first = first;
    call.end = end;
    body(call);
  }

  template <class Body>
  void with_read_range(int head, std::int64_t range, Body&& body) const noexcept {
    const Read read(pass_, head);
    const kernels::Seen seen{0, read.total()};
    kernels::Attend call = call_for(head, 0, 1, &seen);
    call.first = range * kernels::kAttentionRange;
    call.end = std::min(call.first + kernels::kAttentionRange, read.total());
    if (call.first >= call.end) return;
    call.runs = read.range(range);
    body(call);
  }

  const Pass& pass_;
  const CommonRows rows_;
  const kv::StreamShape& stored_;
  const kv::HeadPlace place_;
  const LayerConfig& shape_;
  const kv::View& view_;
  bool sparse_;
  std::int64_t before_;
  std::int64_t ranges_;
};

}  // namespace brim::model

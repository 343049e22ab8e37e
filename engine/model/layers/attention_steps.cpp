// See attention_steps.hpp.
#include "engine/model/layers/attention_steps.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "engine/kv/heads.hpp"
#include "engine/model/attend.hpp"
#include "engine/model/attention_statistics.hpp"
#include "engine/model/look_scores.hpp"
#include "kernels/threads.hpp"

namespace brim::model {
namespace {

// The layer whose streams a layer attends to.
kv::LayerId kept_by(const Config& config, kv::LayerId layer) noexcept {
  return config.layer(layer).entries_of.value_or(layer);
}

bool has_entries(const Pass& pass, kv::LayerId layer) noexcept { return !pass.config.layer(layer).entries_of; }

const Segment& segment_of(const Pass& pass, std::int64_t row) noexcept {
  return *std::find_if(pass.segments.begin(), pass.segments.end(),
                       [&](const Segment& segment) { return row < segment.row + segment.tokens; });
}

// Whether a segment's keys are compared with others before they are rotated, and whether its entries have learned
// scores: alike for all streams of a layer.
bool compares_keys(const Segment& segment, kv::LayerId layer) noexcept {
  return !segment.look && segment.plan().compares_keys(kv::streams_of(segment.plan().shape, layer).front());
}
bool scores_entries(const Segment& segment, kv::LayerId layer) noexcept {
  return !segment.look && segment.plan().scores_entries(kv::streams_of(segment.plan().shape, layer).front());
}

// The keys and values of a segment that a stream takes: all heads of the layer, or one; or those that an earlier layer
// has staged. Keys that are compared are rotated only then.
void stage(const Pass& pass, const Segment& segment, kv::LayerId layer, kv::StreamId stream) noexcept {
  if (!has_entries(pass, layer)) return segment.chunk->show(stream);
  const LayerConfig& shape = pass.config.layer(layer);
  const std::int64_t key_row = std::int64_t{shape.kv_heads} * shape.key_size;
  const std::int64_t value_row = std::int64_t{shape.kv_heads} * shape.value_size;
  const std::int64_t head = segment.plan().shape.place(stream).head;
  float* keys = pass.work.key.data() + segment.row * key_row + head * shape.key_size;
  if (scores_entries(segment, layer)) {
    const std::int64_t row = segment.row * shape.kv_heads + head;
    segment.chunk->score(stream, {pass.work.entry_scores.data() + row, shape.kv_heads});
  }
  if (compares_keys(segment, layer)) {
    segment.chunk->compare_keys(stream, {keys, key_row});
    const int heads = segment.plan().shape.at(stream).kv_heads;
    kernels::for_chunks(pass.runtime.threads, segment.tokens, [&](std::int64_t t, int) noexcept {
      rotate_heads(pass, layer, keys + t * key_row, heads, segment.row + t);
    });
  }
  if (segment.plan().shape.at(stream).values_in_keys) {
    return segment.chunk->stage(stream, {keys, keys, key_row, key_row});
  }
  segment.chunk->stage(
      stream, {keys, pass.work.value.data() + segment.row * value_row + head * shape.value_size, key_row, value_row});
}

// A segment's stream whose tokens are staged: what attention sees, what it measures, and its end.
class StagedStream {
 public:
  StagedStream(const Pass& tile, const Segment& segment, kv::LayerId layer, kv::StreamId stream) noexcept
      : segment_(segment), layer_(layer), stream_(stream), view_(staged(tile, segment, layer, stream)) {}

  Attended attended() const noexcept { return {&segment_, stream_, &view_}; }
  /// After attention: the buffers for what it measures are used by one stream after another.
  void finish(const Pass& tile) noexcept {
    AttentionStatistics statistics(tile, segment_, stream_, view_, has_entries(tile, layer_));
    statistics.after_attention(tile);
    statistics.finish();
    LookScores looks(tile, segment_, stream_, view_);
    looks.after_attention(tile);
    looks.finish();
    segment_.chunk->commit(stream_);
  }

 private:
  static kv::View staged(const Pass& tile, const Segment& segment, kv::LayerId layer, kv::StreamId stream) noexcept {
    stage(tile, segment, layer, stream);
    return segment.chunk->view(stream);
  }

  const Segment& segment_;
  kv::LayerId layer_;
  kv::StreamId stream_;
  kv::View view_;
};

// Whether a segment's attention shares its tasks with others': not where each head keeps its own entries, because
// staging then holds one of its streams at a time, and not where a single token reads sparsely, because what it reads is
// kept for one stream.
bool shares_tasks(const Segment& segment, kv::LayerId kept) noexcept {
  return kv::streams_of(segment.plan().shape, kept).size() == 1 && !segment.plan().reading.sparse;
}

void attend_together(const Pass& tile, kv::LayerId layer) noexcept {
  const kv::LayerId kept = kept_by(tile.config, layer);
  std::array<std::optional<StagedStream>, kMaxSequences> streams;
  std::array<Attended, kMaxSequences> attended;
  std::size_t count = 0;
  for (const Segment& segment : tile.segments) {
    if (!shares_tasks(segment, kept)) continue;
    streams[count].emplace(tile, segment, layer, kv::streams_of(segment.plan().shape, kept).front());
    attended[count] = streams[count]->attended();
    ++count;
  }
  if (count == 0) return;
  attend(tile, std::span(attended).first(count));
  for (std::size_t i = 0; i < count; ++i) streams[i]->finish(tile);
}

// work.branch, for whoever observes it and for add_branch.
void project_output(const Pass& tile, kv::LayerId layer, const AttentionSteps& steps) noexcept {
  const std::int64_t width = tile.config.embedding;
  steps.project_output(tile, layer);
  for (const Segment& segment : tile.segments) {
    if (segment.observer == nullptr) continue;
    const CommonRows rows(tile, segment);
    (*segment.observer)(
        layer, rows.in_chunk,
        {tile.work.branch.data() + rows.in_tile * width, static_cast<std::size_t>(rows.tokens * width)});
  }
}

// Segments that are one tile together.
void attend_in_one_tile(const Pass& tile, kv::LayerId layer, const AttentionSteps& steps) noexcept {
  const kv::LayerId kept = kept_by(tile.config, layer);
  steps.prepare_queries(tile, layer);
  attend_together(tile, layer);
  for (const Segment& segment : tile.segments) {
    if (shares_tasks(segment, kept)) continue;
    for (const kv::StreamId stream : kv::streams_of(segment.plan().shape, kept)) {
      StagedStream own(tile, segment, layer, stream);
      const Attended attended = own.attended();
      attend(tile, {&attended, 1});
      own.finish(tile);
    }
  }
  project_output(tile, layer, steps);
  const bool own = has_entries(tile, layer);
  for (const Segment& segment : tile.segments) BranchStatistics(segment, own).before_branch(tile);
  add_branch(tile, tile.weights.layer(layer).post_attention_norm);
  for (const Segment& segment : tile.segments) {
    BranchStatistics branch(segment, own);
    branch.after_branch(tile);
    branch.finish(kv::streams_of(segment.plan().shape, kept).front());
  }
}

// One segment of several tiles: all of its keys are staged before the first query is computed.
void attend_in_tiles(const Pass& unit, const Segment& segment, kv::LayerId layer,
                     const AttentionSteps& steps) noexcept {
  const kv::StreamId stream = kv::streams_of(segment.plan().shape, kept_by(unit.config, layer)).front();
  stage(unit, segment, layer, stream);
  const kv::View view = segment.chunk->view(stream);
  AttentionStatistics statistics(unit, segment, stream, view, has_entries(unit, layer));
  LookScores looks(unit, segment, stream, view);
  BranchStatistics branch(segment, has_entries(unit, layer));
  for_tiles(unit, [&](const Pass& tile) {
    steps.project_queries(tile, layer);
    steps.prepare_queries(tile, layer);
    const Attended attended{&segment, stream, &view};
    attend(tile, {&attended, 1});
    statistics.after_attention(tile);
    looks.after_attention(tile);
    project_output(tile, layer, steps);
    branch.before_branch(tile);
    add_branch(tile, tile.weights.layer(layer).post_attention_norm);
    branch.after_branch(tile);
  });
  statistics.finish();
  looks.finish();
  branch.finish(stream);
  segment.chunk->commit(stream);
}

}  // namespace

void rotate_heads(const Pass& pass, kv::LayerId layer, float* heads, int count, std::int64_t row) noexcept {
  const Config& config = pass.config;
  const LayerConfig& shape = config.layer(layer);
  if (!shape.rope) return;
  const bool windowed = shape.window > 0;
  const std::int64_t pairs = config.rope.max_pairs();
  const std::int64_t angles = (windowed ? pass.work.shape.chunk : 0) + row;
  const float* cosines = pass.work.cosines.data() + angles * pairs;
  const float* sines = pass.work.sines.data() + angles * pairs;
  const kernels::Table& table = pass.runtime.table;
  const auto rotate = config.rope.pairs == RopePairs::halves ? table.rope_neox : table.rope_interleaved;
  for (int head = 0; head < count; ++head) {
    rotate(heads + std::int64_t{head} * shape.key_size + config.rope.first, config.rope.dimensions_of(windowed),
           cosines, sines);
  }
}

bool rotated_later(const Pass& pass, kv::LayerId layer, std::int64_t row) noexcept {
  return compares_keys(segment_of(pass, row), layer);
}

void use_inputs(const Pass& tile, kv::LayerId layer, const float* input) noexcept {
  const std::int64_t width = tile.config.embedding;
  bool scored = false;
  for (const Segment& segment : tile.segments) {
    if (segment.row >= tile.first + tile.tokens || segment.row + segment.tokens <= tile.first) continue;
    scored = scored || scores_entries(segment, layer);
    if (segment.look || segment.inputs == nullptr || !segment.inputs->inputs) continue;
    const CommonRows rows(tile, segment);
    segment.inputs->inputs(layer, rows.in_chunk,
                           {input + rows.in_tile * width, static_cast<std::size_t>(rows.tokens * width)});
  }
  if (!scored) return;
  const int heads = tile.config.layer(layer).kv_heads;
  kernels::for_chunks(tile.runtime.threads, tile.tokens, [&](std::int64_t t, int) noexcept {
    const Segment& segment = segment_of(tile, tile.first + t);
    if (!scores_entries(segment, layer)) return;
    float* scores = tile.work.entry_scores.data() + (tile.first + t) * heads;
    for (int head = 0; head < heads; ++head) {
      scores[head] = kv::learned_score(segment.plan().scores->weights(layer, head), input + t * width, width);
    }
  });
}

void run_attention(const Pass& pass, kv::LayerId layer, const AttentionSteps& steps) noexcept {
  for_units(pass, [&](const Pass& unit) {
    steps.project_inputs(unit, layer);
    if (unit.tokens <= kPassTile) {
      attend_in_one_tile(unit, layer, steps);
    } else {
      attend_in_tiles(unit, unit.segments.front(), layer, steps);
    }
  });
}

}  // namespace brim::model

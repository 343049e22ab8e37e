// One layer's attention: projections, rotary positions, each sequence's KV memory, and the weighted sum over what it
// holds (attend.cpp).
#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "engine/kv/heads.hpp"
#include "engine/model/attend.hpp"
#include "engine/model/attention_statistics.hpp"
#include "engine/model/layers/mixer.hpp"
#include "engine/model/look_scores.hpp"
#include "engine/model/pass.hpp"
#include "kernels/threads.hpp"

namespace brim::model {
namespace {

// Normalises heads, where the model does.
void normalise_heads(const Pass& pass, float* heads, int count, const std::vector<float>& norm) noexcept {
  const Config& config = pass.config;
  const kernels::Table& table = pass.runtime.table;
  const int size = config.key_size;
  if (config.query_key_norm == QueryKeyNorm::whole_row) {
    table.rms_norm(heads, norm.data(), std::int64_t{count} * size, config.norm_epsilon, heads);
  }
  if (config.query_key_norm != QueryKeyNorm::per_head) return;
  for (int head = 0; head < count; ++head) {
    float* x = heads + std::int64_t{head} * size;
    table.rms_norm(x, norm.data(), size, config.norm_epsilon, x);
  }
}

// Rotates heads, where the layer does, for the token of one row of the pass.
void rotate_heads(const Pass& pass, kv::LayerId layer, float* heads, int count, std::int64_t row) noexcept {
  const Config& config = pass.config;
  if (!config.layer(layer).rope) return;
  const bool windowed = config.layer(layer).window > 0;
  const std::int64_t pairs = config.rope.dimensions / 2;
  const std::int64_t angles = (windowed ? pass.work.shape.chunk : 0) + row;
  const float* cosines = pass.work.cosines.data() + angles * pairs;
  const float* sines = pass.work.sines.data() + angles * pairs;
  const kernels::Table& table = pass.runtime.table;
  const auto rotate = config.rope.pairs == RopePairs::halves ? table.rope_neox : table.rope_interleaved;
  for (int head = 0; head < count; ++head) {
    rotate(heads + std::int64_t{head} * config.key_size, config.rope.dimensions, cosines, sines);
  }
}

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

// What becomes of attention's input besides queries, keys and values.
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

// Where the queries of a tile are projected to: first to the mixer's scratch, where gates come with them.
float* projected_queries(const Pass& tile) noexcept {
  return tile.config.query_gate ? tile.work.mixer.data() : tile.work.query.data();
}

// Keys and values of all rows of a unit. The queries of a tile are computed after all keys of its segment; those of a
// unit that is one tile, as in decoding, are computed together with its keys.
void project_inputs(const Pass& unit, kv::LayerId layer) noexcept {
  const LayerConfig& shape = unit.config.layer(layer);
  const LayerWeights& weights = unit.weights.layer(layer);
  Workspace& work = unit.work;
  const std::int64_t key_row = std::int64_t{shape.kv_heads} * unit.config.key_size;
  const std::int64_t value_row = std::int64_t{shape.kv_heads} * unit.config.value_size;
  for_tiles(unit, [&](const Pass& tile) {
    float* key = work.key.data() + tile.first * key_row;
    float* value = work.value.data() + tile.first * value_row;
    const float* input = normalised(tile, tile.stream(), weights.attention_norm);
    if (unit.tokens <= kPassTile) {
      apply(tile, input, {{weights.key, key}, {weights.value, value}, {weights.query, projected_queries(tile)}});
    } else {
      apply(tile, input, {{weights.key, key}, {weights.value, value}});
    }
    use_inputs(tile, layer, input);
    kernels::for_chunks(tile.runtime.threads, tile.tokens, [&](std::int64_t t, int) noexcept {
      normalise_heads(tile, key + t * key_row, shape.kv_heads, weights.key_norm);
      if (compares_keys(segment_of(tile, tile.first + t), layer)) return;  // see stage()
      rotate_heads(tile, layer, key + t * key_row, shape.kv_heads, tile.first + t);
    });
  });
}

// Queries of one tile, where they were not computed with its keys.
void project_queries(const Pass& tile, kv::LayerId layer) noexcept {
  const LayerWeights& weights = tile.weights.layer(layer);
  const float* input = normalised(tile, tile.stream(), weights.attention_norm);
  apply(tile, input, {{weights.query, projected_queries(tile)}});
}

void prepare_queries(const Pass& tile, kv::LayerId layer) noexcept {
  const int heads = tile.config.layer(layer).heads, size = tile.config.key_size;
  const std::int64_t query_row = std::int64_t{heads} * size;
  kernels::for_chunks(tile.runtime.threads, tile.tokens, [&](std::int64_t t, int) noexcept {
    float* query = tile.work.query.data() + t * query_row;
    const std::int64_t row = tile.first + t;
    if (tile.config.query_gate) {
      const float* projected = projected_queries(tile) + t * 2 * query_row;
      for (int head = 0; head < heads; ++head) std::copy_n(projected + 2 * head * size, size, query + head * size);
    }
    normalise_heads(tile, query, heads, tile.weights.layer(layer).query_norm);
    rotate_heads(tile, layer, query, heads, row);
    if (tile.work.query_scale.empty()) return;
    tile.runtime.table.scale(query, query_row, tile.work.query_scale[static_cast<std::size_t>(row)]);
  });
}

// Attention's output times the sigmoid of the gates that came with the queries.
void gate_output(const Pass& tile, kv::LayerId layer) noexcept {
  const int heads = tile.config.layer(layer).heads, size = tile.config.value_size;
  const std::int64_t row = std::int64_t{heads} * size;
  kernels::for_chunks(tile.runtime.threads, tile.tokens, [&](std::int64_t t, int) noexcept {
    float* gate = projected_queries(tile) + t * 2 * row + size;
    for (int head = 0; head < heads; ++head, gate += 2 * size) {
      tile.runtime.table.sigmoid(gate, size);
      tile.runtime.table.multiply_by(tile.work.mixed.data() + t * row + head * size, gate, size);
    }
  });
}

// Attention's output, projected; add_branch adds it to the residual stream.
void project_output(const Pass& tile, kv::LayerId layer) noexcept {
  const std::int64_t width = tile.config.embedding;
  if (tile.config.query_gate) gate_output(tile, layer);
  const LayerWeights& weights = tile.weights.layer(layer);
  float* mixed = tile.work.mixed.data();
  if (!weights.inner_attention_norm.empty()) normalise(tile, mixed, weights.inner_attention_norm, mixed);
  apply(tile, mixed, {{weights.output, tile.work.branch.data()}});
  for (const Segment& segment : tile.segments) {
    if (segment.observer == nullptr) continue;
    const CommonRows rows(tile, segment);
    (*segment.observer)(
        layer, rows.in_chunk,
        {tile.work.branch.data() + rows.in_tile * width, static_cast<std::size_t>(rows.tokens * width)});
  }
}

// The keys and values of a segment that a stream takes: all heads of the layer, or one. Keys that are compared are
// rotated only then.
void stage(const Pass& pass, const Segment& segment, kv::LayerId layer, kv::StreamId stream) noexcept {
  const LayerConfig& shape = pass.config.layer(layer);
  const std::int64_t key_row = std::int64_t{shape.kv_heads} * pass.config.key_size;
  const std::int64_t value_row = std::int64_t{shape.kv_heads} * pass.config.value_size;
  const std::int64_t head = segment.plan().shape.place(stream).head;
  float* keys = pass.work.key.data() + segment.row * key_row + head * pass.config.key_size;
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
  segment.chunk->stage(stream, {keys, pass.work.value.data() + segment.row * value_row + head * pass.config.value_size,
                                key_row, value_row});
}

// A segment's stream whose tokens are staged: what attention sees, what it measures, and its end.
class StagedStream {
 public:
  StagedStream(const Pass& tile, const Segment& segment, kv::LayerId layer, kv::StreamId stream) noexcept
      : segment_(segment), stream_(stream), view_(staged(tile, segment, layer, stream)) {}

  Attended attended() const noexcept { return {&segment_, stream_, &view_}; }
  /// After attention: the buffers for what it measures are used by one stream after another.
  void finish(const Pass& tile) noexcept {
    AttentionStatistics statistics(tile, segment_, stream_, view_);
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
  kv::StreamId stream_;
  kv::View view_;
};

// Whether a segment's attention shares its tasks with others': not where each head keeps its own entries, because
// staging then holds one of its streams at a time, and not where a single token reads sparsely, because what it reads is
// kept for one stream.
bool shares_tasks(const Segment& segment, kv::LayerId layer) noexcept {
  return kv::streams_of(segment.plan().shape, layer).size() == 1 && !segment.plan().reading.sparse;
}

void attend_together(const Pass& tile, kv::LayerId layer) noexcept {
  std::array<std::optional<StagedStream>, kMaxSequences> streams;
  std::array<Attended, kMaxSequences> attended;
  std::size_t count = 0;
  for (const Segment& segment : tile.segments) {
    if (!shares_tasks(segment, layer)) continue;
    streams[count].emplace(tile, segment, layer, kv::streams_of(segment.plan().shape, layer).front());
    attended[count] = streams[count]->attended();
    ++count;
  }
  if (count == 0) return;
  attend(tile, std::span(attended).first(count));
  for (std::size_t i = 0; i < count; ++i) streams[i]->finish(tile);
}

// Segments that are one tile together.
void attend_in_one_tile(const Pass& tile, kv::LayerId layer) noexcept {
  prepare_queries(tile, layer);
  attend_together(tile, layer);
  for (const Segment& segment : tile.segments) {
    if (shares_tasks(segment, layer)) continue;
    for (const kv::StreamId stream : kv::streams_of(segment.plan().shape, layer)) {
      StagedStream own(tile, segment, layer, stream);
      const Attended attended = own.attended();
      attend(tile, {&attended, 1});
      own.finish(tile);
    }
  }
  project_output(tile, layer);
  for (const Segment& segment : tile.segments) BranchStatistics(segment).before_branch(tile);
  add_branch(tile, tile.weights.layer(layer).post_attention_norm);
  for (const Segment& segment : tile.segments) {
    BranchStatistics branch(segment);
    branch.after_branch(tile);
    branch.finish(kv::streams_of(segment.plan().shape, layer).front());
  }
}

// One segment of several tiles: all of its keys are staged before the first query is computed.
void attend_in_tiles(const Pass& unit, const Segment& segment, kv::LayerId layer) noexcept {
  const kv::StreamId stream = kv::streams_of(segment.plan().shape, layer).front();
  stage(unit, segment, layer, stream);
  const kv::View view = segment.chunk->view(stream);
  AttentionStatistics statistics(unit, segment, stream, view);
  LookScores looks(unit, segment, stream, view);
  BranchStatistics branch(segment);
  for_tiles(unit, [&](const Pass& tile) {
    project_queries(tile, layer);
    prepare_queries(tile, layer);
    const Attended attended{&segment, stream, &view};
    attend(tile, {&attended, 1});
    statistics.after_attention(tile);
    looks.after_attention(tile);
    project_output(tile, layer);
    branch.before_branch(tile);
    add_branch(tile, tile.weights.layer(layer).post_attention_norm);
    branch.after_branch(tile);
  });
  statistics.finish();
  looks.finish();
  branch.finish(stream);
  segment.chunk->commit(stream);
}

Status read_norms(const TensorFinder& finder, const Config& config, const LayerConfig& shape, LayerWeights& layer) {
  const NormConfig& norms = config.norms;
  if (norms.before) {
    BRIM_ASSIGN(layer.attention_norm, finder.norm("attn_norm", config.embedding, norms.kind));
  }
  if (norms.inside) {
    const std::int64_t width = std::int64_t{shape.heads} * config.value_size;
    BRIM_ASSIGN(layer.inner_attention_norm, finder.norm("attn_sub_norm", width, norms.kind));
  }
  if (norms.after) {
    BRIM_ASSIGN(layer.post_attention_norm, finder.norm("post_attention_norm", config.embedding, norms.kind));
  }
  return {};
}

class Attention final : public Mixer {
 public:
  std::string_view name() const override { return "attention"; }
  bool keeps_entries() const override { return true; }
  MixerScratch scratch(const Config& config, const LayerConfig& shape) const override {
    return {config.query_gate ? 2 * std::int64_t{shape.heads} * config.key_size : 0, 0};
  }

  Status read_weights(const TensorFinder& finder, const Config& config, const LayerConfig& shape,
                      LayerWeights& layer) const override {
    const std::int64_t query_rows = std::int64_t{shape.heads} * config.key_size;
    const std::int64_t key_rows = std::int64_t{shape.kv_heads} * config.key_size;
    const std::int64_t value_rows = std::int64_t{shape.kv_heads} * config.value_size;
    BRIM_TRY(read_norms(finder, config, shape, layer));
    if (config.fused_qkv && finder.has("attn_qkv.weight")) {
      BRIM_ASSIGN(const Linear fused, finder.linear("attn_qkv", config.embedding, query_rows + key_rows + value_rows));
      layer.query = cut(fused, 0, query_rows);
      layer.key = cut(fused, query_rows, key_rows);
      layer.value = cut(fused, query_rows + key_rows, value_rows);
    } else {
      BRIM_ASSIGN(layer.query,
                  finder.linear("attn_q", config.embedding, config.query_gate ? 2 * query_rows : query_rows));
      BRIM_ASSIGN(layer.key, finder.linear("attn_k", config.embedding, key_rows));
      BRIM_ASSIGN(layer.value, finder.linear("attn_v", config.embedding, value_rows));
    }
    BRIM_ASSIGN(layer.output,
                finder.linear("attn_output", std::int64_t{shape.heads} * config.value_size, config.embedding));
    if (config.query_key_norm != QueryKeyNorm::none) {
      const bool whole = config.query_key_norm == QueryKeyNorm::whole_row;
      BRIM_ASSIGN(layer.query_norm, finder.vector("attn_q_norm.weight", whole ? query_rows : config.key_size));
      BRIM_ASSIGN(layer.key_norm, finder.vector("attn_k_norm.weight", whole ? key_rows : config.key_size));
    }
    if (config.attention_sinks) {
      BRIM_ASSIGN(layer.sinks, finder.vector("attn_sinks.weight", shape.heads));
    }
    return {};
  }

  void run(const Pass& pass, kv::LayerId layer) const noexcept override {
    for_units(pass, [&](const Pass& unit) {
      project_inputs(unit, layer);
      if (unit.tokens <= kPassTile) {
        attend_in_one_tile(unit, layer);
      } else {
        attend_in_tiles(unit, unit.segments.front(), layer);
      }
    });
  }
};

}  // namespace

const Mixer& attention_mixer() {
  static const Attention attention;
  return attention;
}

}  // namespace brim::model

// See decoder.hpp.
#include "engine/model/decoder.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "engine/base/work_meter.hpp"
#include "engine/model/layers/feed_forward.hpp"
#include "engine/model/layers/layer_input.hpp"
#include "engine/model/layers/mixer.hpp"
#include "engine/model/pass.hpp"
#include "kernels/multiply.hpp"
#include "kernels/threads.hpp"

namespace brim::model {
namespace {

void unpack_row(const kernels::Table& kernel, const quant::Matrix& matrix, std::int64_t index, float* values) noexcept {
  if (matrix.layout == quant::Layout::rows) {
    kernel.unpack[static_cast<std::size_t>(matrix.format)](matrix.row(index), values, matrix.cols);
    return;
  }
  const std::size_t panel_bytes = quant::panel_bytes(matrix.format, matrix.cols);
  quant::unpack_panel_row(matrix.format,
                          matrix.data + static_cast<std::size_t>(index / quant::kPanelRows) * panel_bytes,
                          static_cast<int>(index % quant::kPanelRows), values, matrix.cols);
}

kv::Chunk begin_chunk(const SequenceStep& step) noexcept {
  const auto count = static_cast<std::int64_t>(step.tokens.size());
  if (step.looks_at > 0) return step.memory->begin_look(count, step.looks_at);
  return step.drafts ? step.memory->begin_drafts(count, step.tokens) : step.memory->begin(count, step.tokens);
}

void scale_output(const Pass& pass, kv::LayerId layer) noexcept {
  const float scale = pass.weights.layer(layer).output_scale;
  if (scale == 1.0f) return;
  const std::int64_t width = pass.config.embedding;
  kernels::for_chunks(pass.runtime.threads, pass.tokens, [&](std::int64_t t, int) noexcept {
    pass.runtime.table.scale(pass.stream() + t * width, width, scale);
  });
}

}  // namespace

Status Decoder::embed(const SequenceStep& step, const Segment& segment) {
  const Config& config = model_.config();
  const quant::Matrix& table = model_.weights().token_embedding;
  const kernels::Table& kernel = runtime_.table;
  const std::int64_t pairs = config.rope.max_pairs();
  for (std::int64_t t = 0; t < segment.tokens; ++t) {
    const std::int64_t row = segment.row + t, windowed = work_.shape.chunk + row,
                       position = segment.chunk->position() + t;
    if (!work_.query_scale.empty()) {
      work_.query_scale[static_cast<std::size_t>(row)] = query_scale(config.query_temperature, position);
    }
    float* stream = work_.stream.data() + row * config.embedding;
    unpack_row(kernel, table, step.tokens[static_cast<std::size_t>(t)], stream);
    if (config.embedding_scale != 1.0f) kernel.scale(stream, config.embedding, config.embedding_scale);
    step.rope->global().at(position, work_.cosines.data() + row * pairs, work_.sines.data() + row * pairs);
    step.rope->window().at(position, work_.cosines.data() + windowed * pairs, work_.sines.data() + windowed * pairs);
    if (model_.layer_embeddings().empty()) continue;
    BRIM_TRY(keep_layer_inputs(config, work_, kernel, model_.layer_embeddings(), row,
                               step.tokens[static_cast<std::size_t>(t)]));
  }
  return {};
}

Status Decoder::check(std::span<const SequenceStep> steps) const {
  if (steps.empty() || steps.size() > kMaxSequences) {
    return error(ErrorCode::invalid_argument, "a pass: expected 1 to ", kMaxSequences, " sequences, found ",
                 steps.size());
  }
  std::int64_t rows = 0;
  for (const SequenceStep& step : steps) {
    const std::int64_t max = step.drafts ? step.memory->draft_room() : step.memory->plan().chunk;
    const auto count = static_cast<std::int64_t>(step.tokens.size());
    if (count < 1 || count > max) {
      return error(ErrorCode::invalid_argument, "a chunk: expected 1 to ", max, " tokens, found ", count);
    }
    if (step.looks_at > max || (step.looks_at > 0 && (step.drafts || work_.look_scores.empty()))) {
      return error(ErrorCode::invalid_argument, "a look: expected at most ", max,
                   " tokens, and a sequence whose rule keeps a score with each entry, found ", step.looks_at);
    }
    for (const std::int32_t token : step.tokens) {
      if (token < 0 || token >= model_.config().vocabulary) {
        return error(ErrorCode::invalid_argument, "token id ", token, ": expected 0 to ",
                     model_.config().vocabulary - 1);
      }
    }
    if (!step.roles.empty() && step.roles.size() != step.tokens.size()) {
      return error(ErrorCode::invalid_argument, "a chunk: expected a role for each of ", count, " tokens, found ",
                   step.roles.size());
    }
    if (step.memory->stale()) {
      return error(ErrorCode::wrong_state, "the cache holds an interrupted chunk and must be processed again");
    }
    rows += count;
  }
  if (rows > work_.shape.chunk) {
    return error(ErrorCode::invalid_argument, "a pass: expected at most ", work_.shape.chunk,
                 " tokens together, found ", rows);
  }
  return {};
}

Status Decoder::forward(std::span<const SequenceStep> steps, const std::atomic<bool>* cancel) {
  BRIM_TRY(check(steps));
  BRIM_TRY(model_.layer_embeddings().check_unchanged());
  std::array<std::optional<kv::Chunk>, kMaxSequences> chunks;  // those not ended are abandoned
  std::array<Segment, kMaxSequences> segments;
  std::int64_t rows = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const SequenceStep& step = steps[i];
    const auto count = static_cast<std::int64_t>(step.tokens.size());
    chunks[i].emplace(begin_chunk(step));
    const AttentionObserver* observer = step.observer != nullptr && *step.observer ? step.observer : nullptr;
    segments[i] = {step.memory, &*chunks[i], step.rope, rows, count, observer, step.inputs, step.looks_at > 0};
    const auto step_roles = work_.roles.subspan(static_cast<std::size_t>(rows), step.tokens.size());
    std::fill(step_roles.begin(), step_roles.end(), kernels::RowRole::generated);
    std::copy(step.roles.begin(), step.roles.end(), step_roles.begin());
    BRIM_TRY(embed(step, segments[i]));
    rows += count;
  }
  const Pass pass{model_.config(),
                  model_.weights(),
                  work_,
                  runtime_,
                  std::span(segments).first(steps.size()),
                  0,
                  rows,
                  work_.roles.data(),
                  cancel};
  for (const kv::LayerId layer : kv::ids_up_to<kv::LayerId>(model_.config().layers.size())) {
    if (pass.cancelled()) return cancelled_error();
    keep_layer_input(pass);
    if (const Mixer* mixer = model_.config().layer(layer).mixer) mixer->run(pass, layer);
    feed_forward(pass, layer);
    add_layer_input(pass, layer);
    scale_output(pass, layer);
  }
  if (pass.cancelled()) return cancelled_error();
  for (std::size_t i = 0; i < steps.size(); ++i) chunks[i]->end();
  last_tokens_ = rows;
  return {};
}

std::span<const float> Decoder::stream(std::int64_t first, std::int64_t count) const noexcept {
  const std::int64_t width = model_.config().embedding;
  return work_.stream.subspan(static_cast<std::size_t>(first * width), static_cast<std::size_t>(count * width));
}

void Decoder::logits(std::int64_t first, std::int64_t count, std::span<float> out,
                     const std::atomic<bool>* cancel) noexcept {
  logits_of(stream(first, count), out, cancel);
}

void Decoder::logits_of(std::span<const float> rows, std::span<float> out, const std::atomic<bool>* cancel) noexcept {
  const Config& config = model_.config();
  const Weights& weights = model_.weights();
  const kernels::Table& table = runtime_.table;
  const std::int64_t count = static_cast<std::int64_t>(rows.size()) / config.embedding;
  float* normed = work_.normed.data();
  for (std::int64_t t = 0; t < count; ++t) {
    normalise_row(table, config, weights.output_norm, rows.data() + t * config.embedding,
                  normed + t * config.embedding);
  }
  kernels::multiply(runtime_, weights.output, normed, config.embedding, count, out.data(), config.vocabulary,
                    work_.product.data(), cancel);
  for (std::int64_t t = 0; t < count; ++t) {
    float* row = out.data() + t * config.vocabulary;
    if (weights.output_scale != 1.0f) table.scale(row, config.vocabulary, weights.output_scale);
    if (!weights.output_bias.empty()) table.add_scaled(row, weights.output_bias.data(), config.vocabulary, 1.0f);
    if (config.logit_scale != 1.0f) table.scale(row, config.vocabulary, config.logit_scale);
    if (config.logit_soft_cap > 0) table.soft_cap(row, config.vocabulary, config.logit_soft_cap);
  }
}

}  // namespace brim::model

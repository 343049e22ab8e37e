// See decoder.hpp.
#include "engine/model/decoder.hpp"

#include "engine/base/work_meter.hpp"
#include "engine/model/pass.hpp"
#include "kernels/multiply.hpp"

namespace brim::model {
namespace {

void unpack_row(const kernels::Table& kernel, const quant::Matrix& matrix, std::int64_t index, float* values) noexcept {
  if (matrix.layout == quant::Layout::rows) {
    kernel.unpack[static_cast<std::size_t>(matrix.format)](matrix.row(index), values, matrix.cols);
    return;
  }
  const std::size_t panel_bytes = quant::panel_bytes(matrix.format, matrix.cols);
  quant::unpack_panel_row(matrix.format, matrix.data + static_cast<std::size_t>(index / quant::kPanelRows) * panel_bytes,
                          static_cast<int>(index % quant::kPanelRows), values, matrix.cols);
}

}  // namespace

void Decoder::embed(std::span<const std::int32_t> tokens, std::int64_t position) noexcept {
  const Config& config = model_.config();
  const quant::Matrix& table = model_.weights().token_embedding;
  const kernels::Table& kernel = runtime_.table;
  const std::int64_t pairs = rope_.pairs();
  for (std::int64_t t = 0; t < static_cast<std::int64_t>(tokens.size()); ++t) {
    float* row = work_.stream.data() + t * config.embedding;
    unpack_row(kernel, table, tokens[static_cast<std::size_t>(t)], row);
    if (config.embedding_scale != 1.0f) kernel.scale(row, config.embedding, config.embedding_scale);
    const std::int64_t windowed = work_.shape.chunk + t;
    rope_.global().at(position + t, work_.cosines.data() + t * pairs, work_.sines.data() + t * pairs);
    rope_.window().at(position + t, work_.cosines.data() + windowed * pairs, work_.sines.data() + windowed * pairs);
  }
}

Status Decoder::check(std::span<const std::int32_t> tokens, std::int64_t most) const {
  if (tokens.empty() || static_cast<std::int64_t>(tokens.size()) > most) {
    return error(ErrorCode::invalid_argument, "a chunk: expected 1 to ", most, " tokens, found ", tokens.size());
  }
  for (const std::int32_t token : tokens) {
    if (token < 0 || token >= model_.config().vocabulary) {
      return error(ErrorCode::invalid_argument, "token id ", token, ": expected 0 to ", model_.config().vocabulary - 1);
    }
  }
  if (memory_.stale()) return error(ErrorCode::wrong_state, "the cache holds an interrupted chunk and must be read again");
  return {};
}

Status Decoder::forward(std::span<const std::int32_t> tokens, const std::atomic<bool>* cancel) {
  BRIM_TRY(check(tokens, memory_.plan().chunk));
  return read_chunk(tokens, memory_.begin(static_cast<std::int64_t>(tokens.size()), tokens), cancel);
}

Status Decoder::forward_drafts(std::span<const std::int32_t> tokens, const std::atomic<bool>* cancel) {
  BRIM_TRY(check(tokens, memory_.draft_room()));
  return read_chunk(tokens, memory_.begin_drafts(static_cast<std::int64_t>(tokens.size()), tokens), cancel);
}

Status Decoder::read_chunk(std::span<const std::int32_t> tokens, kv::Chunk chunk,
                           const std::atomic<bool>* cancel) {
  const std::int64_t count = static_cast<std::int64_t>(tokens.size());
  embed(tokens, chunk.position());
  const Pass pass{
      model_.config(), model_.weights(), rope_, memory_, chunk, work_, runtime_, 0, count, observer_ ? &observer_ : nullptr, cancel};
  for (const kv::LayerId layer : kv::ids_up_to<kv::LayerId>(model_.config().layers.size())) {
    if (pass.cancelled()) return cancelled_error();
    attention(pass, layer);
    feed_forward(pass, layer);
  }
  if (pass.cancelled()) return cancelled_error();
  chunk.end();
  last_tokens_ = count;
  return {};
}

std::span<const float> Decoder::stream(std::int64_t index) const noexcept {
  const std::size_t size = static_cast<std::size_t>(model_.config().embedding);
  return work_.stream.subspan(static_cast<std::size_t>(index) * size, size);
}

std::span<float> Decoder::resume() noexcept {
  last_tokens_ = 1;
  return work_.stream.first(static_cast<std::size_t>(model_.config().embedding));
}

std::span<const float> Decoder::embedding(std::int64_t index) noexcept {
  const Config& config = model_.config();
  runtime_.table.rms_norm(work_.stream.data() + index * config.embedding, model_.weights().output_norm.data(),
                             config.embedding, config.norm_epsilon, work_.normed.data());
  return {work_.normed.data(), static_cast<std::size_t>(config.embedding)};
}

std::span<const float> Decoder::logits(std::int64_t first, std::int64_t count, const std::atomic<bool>* cancel) noexcept {
  const Config& config = model_.config();
  const Weights& weights = model_.weights();
  const kernels::Table& table = runtime_.table;
  float* normed = work_.normed.data();
  for (std::int64_t t = 0; t < count; ++t) {
    table.rms_norm(work_.stream.data() + (first + t) * config.embedding, weights.output_norm.data(), config.embedding,
                   config.norm_epsilon, normed + t * config.embedding);
  }
  kernels::multiply(runtime_, weights.output, normed, config.embedding, count, work_.logits.data(), config.vocabulary,
                    work_.product.data(), cancel);
  for (std::int64_t t = 0; t < count; ++t) {
    float* row = work_.logits.data() + t * config.vocabulary;
    if (config.logit_scale != 1.0f) table.scale(row, config.vocabulary, config.logit_scale);
    if (config.logit_soft_cap > 0) table.soft_cap(row, config.vocabulary, config.logit_soft_cap);
  }
  return {work_.logits.data(), static_cast<std::size_t>(count * config.vocabulary)};
}

}  // namespace brim::model

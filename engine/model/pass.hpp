// What the steps of one forward pass share: the model's parts, the KV memory, the buffers and which tokens. The steps
// themselves are attention.cpp and feed_forward.cpp; the order of steps is decoder.cpp.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <vector>

#include "engine/kv/memory.hpp"
#include "engine/model/config.hpp"
#include "engine/model/rope.hpp"
#include "engine/model/weights.hpp"
#include "engine/model/workspace.hpp"
#include "kernels/runtime.hpp"

namespace brim::model {

/// Hears, for each layer of a chunk, of attention's output after its projection and before it joins the residual
/// stream: rows of the embedding's width, one a token, from the chunk's token `first` on. Must not throw.
using AttentionObserver = std::function<void(kv::LayerId layer, std::int64_t first, std::span<const float> rows)>;

struct Pass {
  const Config& config;
  const Weights& weights;
  const Rope& rope;
  const kv::Memory& memory;
  kv::Chunk& chunk;
  Workspace& work;
  kernels::Runtime runtime;
  std::int64_t first;   ///< place in the chunk of the first token
  std::int64_t tokens;  ///< how many, from there on
  const AttentionObserver* observer = nullptr;  ///< null: none
  const std::atomic<bool>* cancel = nullptr;    ///< null: never; else as Decoder::forward has it

  /// Whether the pass is given up. Looked at in every task of a size that matters: what is left out then is not to be used, so
  /// the decoder looks again before it does.
  bool cancelled() const noexcept { return cancel != nullptr && cancel->load(std::memory_order_relaxed); }
  /// The rows of these tokens in the residual stream.
  float* stream() const { return work.stream.data() + first * config.embedding; }
};

/// Calls step(tile) for the pass in tiles of at most kPassTile tokens.
template <class Step>
void for_tiles(const Pass& pass, Step&& step) noexcept {
  for (std::int64_t done = 0; done < pass.tokens; done += kPassTile) {
    Pass tile = pass;
    tile.first = pass.first + done;
    tile.tokens = std::min(kPassTile, pass.tokens - done);
    step(tile);
  }
}

/// A projection and where its result goes: rows of as many values as its matrix has rows.
struct Projection {
  const Linear& linear;
  float* out;
};

/// out[t] = matrix · x[t] + bias for every token of the pass and each of at most kernels::kMostTargets projections; x has
/// rows of their matrices' cols. Together they are faster than one after another: x is prepared once.
void apply(const Pass& pass, const float* x, std::initializer_list<Projection> projections) noexcept;

/// The same with a matrix alone.
void apply(const Pass& pass, const quant::Matrix& weight, const float* x, float* out) noexcept;

/// out[t] = rms_norm(x[t]) · weight, rows of the embedding's width; out may be x.
void normalise(const Pass& pass, const float* x, const std::vector<float>& weight, float* out) noexcept;

/// Adds work.branch to the stream, after `post_norm` when the model has one, scaled as the model wants.
void add_branch(const Pass& pass, const std::vector<float>& post_norm) noexcept;

/// normed = norm(stream); q, k, v; rotation; KV memory; weighted values; output projection; stream += branch.
void attention(const Pass& pass, kv::LayerId layer) noexcept;

/// normed = norm(stream); gated feed-forward, dense or of the chosen experts; stream += branch.
void feed_forward(const Pass& pass, kv::LayerId layer) noexcept;

}  // namespace brim::model

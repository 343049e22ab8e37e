// What the steps of one forward pass share: the model's weights, the sequences whose tokens it processes, the buffers
// and the rows. The steps themselves are in layers/; the order of steps is in decoder.cpp.
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
#include "kernels/multiply.hpp"
#include "kernels/recurrence.hpp"
#include "kernels/runtime.hpp"

namespace brim::model {

/// Called, for each layer of a chunk, with attention's output after its projection and before it is added to the
/// residual stream: rows of the embedding's width, one per token, from the chunk's token `first` on. Must not throw.
using AttentionObserver = std::function<void(kv::LayerId layer, std::int64_t first, std::span<const float> rows)>;

/// For measurements: what attention gets in, and what looks find (look_scores.hpp). Both may be empty; neither may throw.
struct InputObserver {
  /// Called for each layer with attention, as AttentionObserver but not in looks, with the rows that its matrices of
  /// queries, keys and values are multiplied with.
  AttentionObserver inputs;
  /// Called for each stream of a look: scores[entry][head] of the newest entries, `tokens` of them.
  std::function<void(kv::StreamId stream, std::int64_t tokens, std::span<const float> scores)> looks;
};

/// Max number of sequences whose tokens one pass processes.
inline constexpr std::size_t kMaxSequences = 16;

/// One sequence's chunk in a pass: a row of the buffers for each token.
struct Segment {
  const kv::Memory* memory = nullptr;
  kv::Chunk* chunk = nullptr;
  const Rope* rope = nullptr;
  std::int64_t row = 0;  ///< of its first token, in the pass
  std::int64_t tokens = 0;
  const AttentionObserver* observer = nullptr;  ///< null: none
  const InputObserver* inputs = nullptr;        ///< null: none
  bool look = false;                            ///< its chunk began as a look (kv/looks.hpp)

  const kv::Plan& plan() const { return memory->plan(); }
};

struct Pass {
  const Config& config;
  const Weights& weights;
  Workspace& work;
  kernels::Runtime runtime;
  std::span<const Segment> segments;          ///< in the order of their rows, without gaps
  std::int64_t first;                         ///< the first row
  std::int64_t tokens;                        ///< rows, from there on
  const kernels::RowRole* roles;              ///< of these rows
  const std::atomic<bool>* cancel = nullptr;  ///< null: never; else as Decoder::forward has it

  /// Whether the pass is abandoned. Checked in every task of relevant size: results that are then missing must not be
  /// used, so the decoder checks again before it uses any.
  bool cancelled() const noexcept { return cancel != nullptr && cancel->load(std::memory_order_relaxed); }
  /// These rows of the residual stream.
  float* stream() const { return work.stream.data() + first * config.embedding; }
  /// What a layer's feed-forward normalises: these rows of the stream, or of what keep_layer_input kept.
  const float* feed_forward_input() const {
    return config.residual == Residual::parallel ? work.layer_input.data() + first * config.embedding : stream();
  }
};

/// Where the block of a recurrence begins that a row is inside of and does not begin itself; else the row. `roles`: of
/// row 0 up to this one.
inline std::int64_t block_begin(const kernels::RowRole* roles, std::int64_t row) noexcept {
  if (roles[row] != kernels::RowRole::prompt) return row;
  for (std::int64_t begin = row - 1; begin >= 0 && row - begin < kernels::kBlockTokens; --begin) {
    if (roles[begin] == kernels::RowRole::block_start) return begin;
    if (roles[begin] == kernels::RowRole::generated) break;
  }
  return row;
}

/// Calls step(tile) for the pass in tiles of at most kPassTile tokens.
template <class Step>
void for_tiles(const Pass& pass, Step&& step) noexcept {
  for (std::int64_t done = 0; done < pass.tokens; done += kPassTile) {
    Pass tile = pass;
    tile.first = pass.first + done;
    tile.roles = pass.roles + done;
    tile.tokens = std::min(kPassTile, pass.tokens - done);
    step(tile);
  }
}

/// The same in tiles that end between blocks of recurrences: fewer rows where the last block would be cut.
template <class Step>
void for_block_tiles(const Pass& pass, Step&& step) noexcept {
  static_assert(kPassTile >= 2 * kernels::kBlockTokens);
  for (std::int64_t done = 0; done < pass.tokens;) {
    Pass tile = pass;
    tile.first = pass.first + done;
    tile.roles = pass.roles + done;
    tile.tokens = std::min(kPassTile, pass.tokens - done);
    if (done + tile.tokens < pass.tokens) tile.tokens = block_begin(tile.roles, tile.tokens);
    step(tile);
    done += tile.tokens;
  }
}

/// Calls step(unit) for the units of a pass within which attention works: a segment longer than kPassTile, or
/// neighbouring segments whose total is at most kPassTile.
template <class Step>
void for_units(const Pass& pass, Step&& step) noexcept {
  for (std::size_t begin = 0, end = 0; begin < pass.segments.size(); begin = end) {
    std::int64_t rows = pass.segments[begin].tokens;
    for (end = begin + 1; end < pass.segments.size() && rows + pass.segments[end].tokens <= kPassTile; ++end) {
      rows += pass.segments[end].tokens;
    }
    Pass unit = pass;
    unit.segments = pass.segments.subspan(begin, end - begin);
    unit.first = unit.segments.front().row;
    unit.roles = pass.roles + (unit.first - pass.first);
    unit.tokens = rows;
    step(unit);
  }
}

/// The rows that a tile and a segment have in common. There is at least one.
struct CommonRows {
  CommonRows(const Pass& tile, const Segment& segment) noexcept
      : row(std::max(tile.first, segment.row)),
        tokens(std::min(tile.first + tile.tokens, segment.row + segment.tokens) - row),
        in_tile(row - tile.first),
        in_chunk(row - segment.row) {}

  std::int64_t row;       ///< the first of them, in the pass
  std::int64_t tokens;    ///< how many
  std::int64_t in_tile;   ///< the first of them, in the tile
  std::int64_t in_chunk;  ///< the place of its token in the segment's chunk
};

/// A projection and where its result goes: rows of as many values as its matrix has rows.
struct Projection {
  const Linear& linear;
  float* out;
};

/// out[t] = scale · matrix · x[t] + bias for every token of the pass and each of at most kernels::kMaxTargets projections; x
/// has rows of their matrices' cols. Together they are faster than one after another: x is prepared once.
void apply(const Pass& pass, const float* x, std::initializer_list<Projection> projections) noexcept;

/// The same with a matrix alone.
void apply(const Pass& pass, const quant::Matrix& weight, const float* x, float* out) noexcept;

/// out[t] = norm(x[t]), rows of as many values as the norm has factors; out may be x.
void normalise(const Pass& pass, const float* x, const Norm& norm, float* out) noexcept;
/// The same for one row.
void normalise_row(const kernels::Table& table, const Config& config, const Norm& norm, const float* x,
                   float* out) noexcept;
/// A tile's rows as a layer's next step sees them: normalised into work.normed, or as they are where the norm is empty.
const float* normalised(const Pass& tile, const float* rows, const Norm& norm) noexcept;

/// Keeps the stream as it is before a layer, for its feed-forward: with Residual::parallel alone.
void keep_layer_input(const Pass& pass) noexcept;

/// Adds work.branch to the stream, after `post_norm` when the model has one, scaled as the model requires.
void add_branch(const Pass& pass, const Norm& post_norm) noexcept;

}  // namespace brim::model

// What layers with a state of fixed size share: which state belongs to which rows of a tile, the short causal
// convolution that most of them begin with, and which tokens a recurrence goes through as a block.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/model/pass.hpp"
#include "engine/model/tensor_finder.hpp"
#include "kernels/table.hpp"

namespace brim::model {

/// Channels of a convolution that one task of a thread computes.
inline constexpr std::int64_t kTaskChannels = 64;

/// The rows of a tile that belong to one sequence, with that sequence's state of the layer.
struct StateRows {
  float* state = nullptr;
  std::int64_t first = 0;  ///< row in the tile
  std::int64_t tokens = 0;
};

/// Those of all sequences of a tile, at least one row each. They may be used by several threads at once.
class TileStates {
 public:
  TileStates(const Pass& tile, kv::LayerId layer) noexcept;
  std::span<const StateRows> each() const { return std::span(rows_).first(count_); }

 private:
  std::array<StateRows, kMaxSequences> rows_;
  std::size_t count_ = 0;
};

/// A causal convolution in which each channel has weights of its own. Its state: [taps − 1][channels], the inputs of
/// the tokens before, the newest last.
struct Convolution {
  const float* weights;  ///< [taps][channels]
  const float* bias;     ///< [channels], or null
  int taps;
  std::int64_t channels;
  bool silu;

  std::int64_t state_values() const { return (taps - 1) * channels; }
};

/// Rows of values, `stride` apart.
struct Rows {
  float* data;
  std::int64_t stride;
};

/// out[t][c] for channels [first, first + count) and `tokens` tokens, and their part of `state` advanced. `out` may be
/// `in`. A value's bits do not depend on how tokens or channels are cut.
void convolve(const kernels::Table& table, const Convolution& convolution, std::int64_t first, std::int64_t count,
              const Rows& in, std::int64_t tokens, float* state, const Rows& out) noexcept;

/// Blocks that are shorter go token by token.
inline constexpr std::int64_t kFewestInBlock = 8;

/// A head's recurrence (kernels/recurrence.hpp).
enum class RecurrenceKind { delta_rule, scan };

/// One head's recurrence over `call.tokens` rows: the blocks that `roles` marks each at once, the other tokens one after
/// another. A block goes from its start to the next one, or to a generated token, or to the end, and has at most
/// kernels::kBlockTokens tokens; so that bits do not depend on tiles and chunks, neither may end inside one.
/// `call.decays` is not used: `log_decays` are the logarithms, in the same places, and are overwritten. `scratch`:
/// kernels::kBlockScratch floats.
void recur(const kernels::Table& table, RecurrenceKind kind, kernels::Recurrence call, float* log_decays,
           const kernels::RowRole* roles, float* scratch) noexcept;

/// The weights of a convolution, from a tensor of `channels` rows of `taps`, in the order that Convolution expects.
/// Errors: those of the finder.
Result<std::vector<float>> read_taps(const TensorFinder& finder, const std::string& name, int taps,
                                     std::int64_t channels);

/// What a layer of Mamba-2 adds to the stream, in the tile's `branch` (mamba2.cpp); its state is advanced.
void mamba2_branch(const Pass& tile, kv::LayerId layer) noexcept;

/// ln(1 + e^x).
float softplus(float x) noexcept;

}  // namespace brim::model

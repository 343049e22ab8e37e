// What a layer does between tokens: the interface of layer kinds. The decoder gets the mixer from a layer's
// configuration and does not know any kind by name; the feed-forward that follows is feed_forward.hpp.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/kv/ids.hpp"
#include "engine/model/config.hpp"
#include "engine/model/tensor_finder.hpp"
#include "engine/model/weights.hpp"
#include "kernels/recurrence.hpp"

namespace brim::model {

struct Pass;

/// What a mixer needs of the workspace besides the buffers that all share.
struct MixerScratch {
  std::int64_t values = 0;  ///< floats for each row of a tile (Workspace::mixer)
  std::int64_t widest = 0;  ///< values of the longest row that it multiplies by a matrix
  std::int64_t aside = 0;   ///< floats for each row of a pass (Workspace::aside)
  std::int64_t worker = 0;  ///< floats for each thread (Workspace::mixer_scratch)
};

/// One kind of layer; stateless, so one instance serves all models. Add one: a file in this folder.
class Mixer {
 public:
  virtual ~Mixer() = default;
  /// "attention", for people.
  virtual std::string_view name() const = 0;
  /// Whether it keeps an entry for each token in the KV memory (kv::StreamShape).
  virtual bool keeps_entries() const { return false; }
  /// Whether the values of its entries are the first part of their keys.
  virtual bool values_in_keys() const { return false; }
  /// Bytes of a fixed-size state, whatever was processed (kv::StateShape); 0: none. All zeros before the first token.
  virtual std::int64_t state_bytes(const Config&, const LayerConfig&) const { return 0; }
  /// Whether it computes blocks of a prompt's tokens together (kernels::RowRole::block_start): then what a token's row
  /// is, but for rounding the same, depends on where blocks begin.
  virtual bool in_blocks() const { return false; }
  /// Used within one layer, `values` within one tile.
  virtual MixerScratch scratch(const Config&, const LayerConfig&) const { return {}; }
  /// Reads what it needs into `weights`. Errors: those of the finder.
  virtual Status read_weights(const TensorFinder& finder, const Config& config, const LayerConfig& shape,
                              LayerWeights& weights) const = 0;
  /// Normalises the stream, mixes, and adds the result to the stream, for every row of the pass. Entries and states are
  /// separate for each segment: its chunk has them. A row's bits do not depend on the other segments.
  virtual void run(const Pass& pass, kv::LayerId layer) const noexcept = 0;
};

/// Max tokens of a block of this model's recurrences; 0 where it has none that work in blocks.
inline std::int64_t block_tokens(const Config& config) {
  for (const LayerConfig& layer : config.layers) {
    if (layer.mixer != nullptr && layer.mixer->in_blocks()) return kernels::kBlockTokens;
  }
  return 0;
}

/// Softmax attention over the KV memory, with or without a window (attention.cpp).
const Mixer& attention_mixer();
/// Softmax attention over latent vectors, as in DeepSeek-V2 (latent_attention.cpp).
const Mixer& latent_attention_mixer();
/// A short causal convolution between two gates, as in LFM2 (short_conv.cpp).
const Mixer& short_conv_mixer();
/// Gated DeltaNet: linear attention with the delta rule (delta_net.cpp).
const Mixer& delta_net_mixer();
/// The state space of Mamba-2 (mamba2.cpp).
const Mixer& mamba2_mixer();
/// Attention and Mamba-2 side by side, over the same normalised stream, as in Falcon-H1 (parallel.cpp).
const Mixer& attention_and_mamba2_mixer();

}  // namespace brim::model

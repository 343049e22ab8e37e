// Attention and Mamba-2 side by side: both mix the same normalised stream, and both results are added to it.
#include <algorithm>

#include "engine/model/layers/mixer.hpp"
#include "engine/model/layers/recurrent.hpp"
#include "kernels/threads.hpp"

namespace brim::model {
namespace {

class AttentionAndMamba2 final : public Mixer {
 public:
  std::string_view name() const override { return "attention and Mamba-2"; }
  bool keeps_entries() const override { return true; }
  bool in_blocks() const override { return mamba2_mixer().in_blocks(); }
  std::int64_t state_bytes(const Config& config, const LayerConfig& shape) const override {
    return mamba2_mixer().state_bytes(config, shape);
  }
  MixerScratch scratch(const Config& config, const LayerConfig& shape) const override {
    const MixerScratch attention = attention_mixer().scratch(config, shape);
    const MixerScratch mamba2 = mamba2_mixer().scratch(config, shape);
    return {.values = std::max(attention.values, mamba2.values),
            .widest = std::max(attention.widest, mamba2.widest),
            .aside = config.embedding,
            .worker = std::max(attention.worker, mamba2.worker)};
  }
  Status read_weights(const TensorFinder& finder, const Config& config, const LayerConfig& shape,
                      LayerWeights& layer) const override {
    BRIM_TRY(attention_mixer().read_weights(finder, config, shape, layer));
    return mamba2_mixer().read_weights(finder, config, shape, layer);
  }

  void run(const Pass& pass, kv::LayerId layer) const noexcept override {
    // Attention adds its result to the stream before the other mixer could see it, so that one comes first and waits.
    const std::int64_t width = pass.config.embedding;
    float* aside = pass.work.aside.data();
    for_block_tiles(pass, [&](const Pass& tile) {
      mamba2_branch(tile, layer);
      std::copy_n(tile.work.branch.data(), tile.tokens * width, aside + tile.first * width);
    });
    attention_mixer().run(pass, layer);
    kernels::for_chunks(pass.runtime.threads, pass.tokens, [&](std::int64_t t, int) noexcept {
      pass.runtime.table.add_scaled(pass.stream() + t * width, aside + (pass.first + t) * width, width,
                                    pass.config.residual_scale);
    });
  }
};

}  // namespace

const Mixer& attention_and_mamba2_mixer() {
  static const AttentionAndMamba2 mixer;
  return mixer;
}

}  // namespace brim::model

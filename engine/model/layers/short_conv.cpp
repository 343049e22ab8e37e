// The short convolution of LFM2 (Liquid AI, 2025): with b, c and x projected from the normalised stream, the layer adds
// a projection of c · convolution(b · x). It keeps the products b · x of the last taps − 1 tokens.
#include <algorithm>

#include "engine/model/layers/mixer.hpp"
#include "engine/model/layers/recurrent.hpp"
#include "kernels/threads.hpp"

namespace brim::model {
namespace {

class ShortConv final : public Mixer {
 public:
  std::string_view name() const override { return "short convolution"; }

  std::int64_t state_bytes(const Config& config, const LayerConfig&) const override {
    return (config.recurrent.taps - 1) * config.embedding * static_cast<std::int64_t>(sizeof(float));
  }
  MixerScratch scratch(const Config& config, const LayerConfig&) const override {
    return {4 * config.embedding, config.embedding};
  }

  Status read_weights(const TensorFinder& finder, const Config& config, const LayerConfig&,
                      LayerWeights& layer) const override {
    const std::int64_t width = config.embedding;
    BRIM_ASSIGN(layer.attention_norm, finder.norm("attn_norm", width, config.norms.kind));
    BRIM_ASSIGN(layer.mixer_input, finder.linear("shortconv.in_proj", width, 3 * width));
    BRIM_ASSIGN(layer.taps, read_taps(finder, "shortconv.conv.weight", config.recurrent.taps, width));
    BRIM_ASSIGN(layer.mixer_output, finder.linear("shortconv.out_proj", width, width));
    return {};
  }

  void run(const Pass& pass, kv::LayerId layer) const noexcept override {
    for_tiles(pass, [&](const Pass& tile) { run_tile(tile, layer); });
  }

 private:
  static void run_tile(const Pass& tile, kv::LayerId layer) noexcept {
    const LayerWeights& weights = tile.weights.layer(layer);
    const kernels::Table& table = tile.runtime.table;
    const std::int64_t width = tile.config.embedding;
    float* projected = tile.work.mixer.data();           // [tokens]: b, c, x
    float* mixed = projected + 3 * width * tile.tokens;  // [tokens][width]
    normalise(tile, tile.stream(), weights.attention_norm, tile.work.normed.data());
    apply(tile, tile.work.normed.data(), {{weights.mixer_input, projected}});
    const TileStates states(tile, layer);
    const Convolution convolution{weights.taps.data(), nullptr, tile.config.recurrent.taps, width, false};
    const std::int64_t tasks = (width + kTaskChannels - 1) / kTaskChannels;
    kernels::for_chunks(tile.runtime.threads, tasks, [&](std::int64_t task, int) noexcept {
      const std::int64_t first = task * kTaskChannels, count = std::min(kTaskChannels, width - first);
      for (std::int64_t t = 0; t < tile.tokens; ++t) {
        float* row = projected + t * 3 * width + first;
        table.multiply_by(row + 2 * width, row, count);
      }
      for (const StateRows& own : states.each()) {
        convolve(table, convolution, first, count, {projected + own.first * 3 * width + 2 * width, 3 * width},
                 own.tokens, own.state, {mixed + own.first * width, width});
      }
      for (std::int64_t t = 0; t < tile.tokens; ++t) {
        table.multiply_by(mixed + t * width + first, projected + t * 3 * width + width + first, count);
      }
    });
    apply(tile, mixed, {{weights.mixer_output, tile.work.branch.data()}});
    add_branch(tile, {});
  }
};

}  // namespace

const Mixer& short_conv_mixer() {
  static const ShortConv mixer;
  return mixer;
}

}  // namespace brim::model

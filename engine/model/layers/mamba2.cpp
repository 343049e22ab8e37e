// The state space of Mamba-2 (Dao and Gu 2024, arXiv:2405.21060): one projection gives a gate z, x, B and C, and time
// steps; x, B and C go through a short causal convolution and silu; each head keeps a matrix that decays and takes in x
// (kernels/recurrence.hpp: keys are B, queries C, values x); its output is gated, and normalised where the model does.
// Prompts go through it in blocks.
//
// Kept of a text: the convolution's inputs of the last taps − 1 tokens, then each head's matrix.
#include <algorithm>

#include "engine/model/layers/mixer.hpp"
#include "engine/model/layers/recurrent.hpp"
#include "kernels/threads.hpp"

namespace brim::model {
namespace {

/// Values of the projection: z, x, B, C, time steps.
std::int64_t projected_values(const RecurrentConfig& shape) { return shape.inner() + shape.channels() + shape.heads; }

/// A tile's buffers, cut from the mixer's scratch.
struct Mamba2Rows {
  explicit Mamba2Rows(const Pass& tile) noexcept
      : projected(tile.work.mixer.data()),
        width(projected_values(tile.config.recurrent)),
        gates(projected + width * tile.tokens),
        out(gates + 2 * tile.config.recurrent.heads * tile.tokens) {}
  static std::int64_t values(const RecurrentConfig& shape) {
    return projected_values(shape) + 2 * shape.heads + shape.inner();
  }

  float* projected;    ///< [width]
  std::int64_t width;  ///< values of a row of `projected`
  float* gates;        ///< [2 · heads]: rates, logarithms of decays
  float* out;          ///< [inner]
};

// One head's tokens of one sequence: time steps and the scan.
void run_head(const Pass& tile, const LayerWeights& weights, const StateRows& own, const Mamba2Rows& rows, int head,
              int worker) noexcept {
  const RecurrentConfig& shape = tile.config.recurrent;
  const auto at = static_cast<std::size_t>(head);
  const float* projected = rows.projected + own.first * rows.width;
  const float* steps = projected + shape.inner() + shape.channels() + head;
  float* rates = rows.gates + own.first * 2 * shape.heads + head;
  float* decays = rates + shape.heads;
  for (std::int64_t t = 0; t < own.tokens; ++t) {
    const float step = softplus(steps[t * rows.width] + weights.time_step_bias[at]);
    rates[t * 2 * shape.heads] = step;
    decays[t * 2 * shape.heads] = step * weights.decay_factors[at];
  }
  const std::int64_t size = shape.value_size;
  kernels::Recurrence call{};
  call.state = own.state + (shape.taps - 1) * shape.channels() + std::int64_t{head} * shape.key_size * size;
  call.key_size = shape.key_size;
  call.value_size = shape.value_size;
  call.tokens = own.tokens;
  call.values = projected + shape.inner() + head * size;
  call.value_stride = rows.width;
  call.keys = projected + 2 * shape.inner() + std::int64_t{shape.key_head(head)} * shape.key_size;
  call.queries = call.keys + shape.keys();
  call.key_stride = rows.width;
  call.rates = rates;
  call.gate_stride = 2 * shape.heads;
  call.scale = 1.0f;
  call.skip = weights.skip[at];
  call.out = rows.out + own.first * shape.inner() + head * size;
  call.out_stride = shape.inner();
  recur(tile.runtime.table, RecurrenceKind::scan, call, decays, tile.roles + own.first,
        tile.work.mixer_scratch(worker));
}

// out = silu(z) · out, normalised over the heads that share keys.
void gate_and_normalise(const Pass& tile, const LayerWeights& weights, const Mamba2Rows& rows) noexcept {
  const RecurrentConfig& shape = tile.config.recurrent;
  const kernels::Table& table = tile.runtime.table;
  const std::int64_t inner = shape.inner(), group = inner / shape.key_heads;
  kernels::for_chunks(tile.runtime.threads, tile.tokens, [&](std::int64_t t, int) noexcept {
    float* gate = rows.projected + t * rows.width;
    float* out = rows.out + t * inner;
    table.silu_multiply(gate, out, inner);
    if (weights.mixer_norm.empty()) {
      std::copy_n(gate, inner, out);
      return;
    }
    for (std::int64_t at = 0; at < inner; at += group) {
      table.rms_norm(gate + at, weights.mixer_norm.data() + at, group, tile.config.norm_epsilon, out + at);
    }
  });
}

class Mamba2 final : public Mixer {
 public:
  std::string_view name() const override { return "Mamba-2"; }
  bool in_blocks() const override { return true; }

  std::int64_t state_bytes(const Config& config, const LayerConfig&) const override {
    const RecurrentConfig& shape = config.recurrent;
    return ((shape.taps - 1) * shape.channels() + shape.inner() * shape.key_size) *
           static_cast<std::int64_t>(sizeof(float));
  }
  MixerScratch scratch(const Config& config, const LayerConfig&) const override {
    return {.values = Mamba2Rows::values(config.recurrent),
            .widest = config.recurrent.inner(),
            .worker = kernels::kBlockScratch};
  }

  Status read_weights(const TensorFinder& finder, const Config& config, const LayerConfig&,
                      LayerWeights& layer) const override {
    const RecurrentConfig& shape = config.recurrent;
    const std::int64_t width = config.embedding;
    BRIM_ASSIGN(layer.attention_norm, finder.norm("attn_norm", width, config.norms.kind));
    BRIM_ASSIGN(layer.mixer_input, finder.linear("ssm_in", width, projected_values(shape)));
    BRIM_ASSIGN(layer.taps, read_taps(finder, "ssm_conv1d.weight", shape.taps, shape.channels()));
    BRIM_ASSIGN(layer.taps_bias, finder.vector("ssm_conv1d.bias", shape.channels()));
    BRIM_ASSIGN(layer.time_step_bias, finder.vector("ssm_dt.bias", shape.heads));
    BRIM_ASSIGN(layer.decay_factors, finder.values("ssm_a", {1, shape.heads}));
    BRIM_ASSIGN(layer.skip, finder.values("ssm_d", {1, shape.heads}));
    if (finder.has("ssm_norm.weight")) {
      BRIM_ASSIGN(layer.mixer_norm,
                  finder.values("ssm_norm.weight", {shape.inner() / shape.key_heads, shape.key_heads}));
    }
    BRIM_ASSIGN(layer.mixer_output, finder.linear("ssm_out", shape.inner(), width));
    return {};
  }

  void run(const Pass& pass, kv::LayerId layer) const noexcept override {
    for_block_tiles(pass, [&](const Pass& tile) {
      mamba2_branch(tile, layer);
      add_branch(tile, {});
    });
  }
};

}  // namespace

void mamba2_branch(const Pass& tile, kv::LayerId layer) noexcept {
  const LayerWeights& weights = tile.weights.layer(layer);
  const RecurrentConfig& shape = tile.config.recurrent;
  const Mamba2Rows rows(tile);
  normalise(tile, tile.stream(), weights.attention_norm, tile.work.normed.data());
  apply(tile, tile.work.normed.data(), {{weights.mixer_input, rows.projected}});
  const TileStates states(tile, layer);
  const std::int64_t channels = shape.channels();
  const Convolution convolution{weights.taps.data(), weights.taps_bias.data(), shape.taps, channels, true};
  const std::int64_t blocks = (channels + kTaskChannels - 1) / kTaskChannels;
  kernels::for_chunks(tile.runtime.threads, blocks, [&](std::int64_t block, int) noexcept {
    const std::int64_t first = block * kTaskChannels, count = std::min(kTaskChannels, channels - first);
    for (const StateRows& own : states.each()) {
      const Rows place{rows.projected + own.first * rows.width + shape.inner(), rows.width};
      convolve(tile.runtime.table, convolution, first, count, place, own.tokens, own.state, place);
    }
  });
  const auto tasks = static_cast<std::int64_t>(states.each().size()) * shape.heads;
  kernels::for_chunks(tile.runtime.threads, tasks, [&](std::int64_t task, int worker) noexcept {
    if (tile.cancelled()) return;
    run_head(tile, weights, states.each()[static_cast<std::size_t>(task / shape.heads)], rows,
             static_cast<int>(task % shape.heads), worker);
  });
  gate_and_normalise(tile, weights, rows);
  apply(tile, rows.out, {{weights.mixer_output, tile.work.branch.data()}});
}

const Mixer& mamba2_mixer() {
  static const Mamba2 mixer;
  return mixer;
}

}  // namespace brim::model

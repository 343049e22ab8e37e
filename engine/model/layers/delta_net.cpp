// Gated DeltaNet (Yang et al. 2024, arXiv:2412.06464), as in Qwen3-Next and Qwen3.5: queries, keys and values go
// through a short causal convolution and silu; queries and keys are brought to length 1; each head keeps a matrix that
// decays and is corrected by the delta rule (kernels/recurrence.hpp); its output is normalised and gated.
// Prompts go through it in blocks.
//
// Kept of a text: the convolution's inputs of the last taps − 1 tokens, then each head's matrix.
#include <algorithm>
#include <cmath>

#include "engine/model/layers/mixer.hpp"
#include "engine/model/layers/recurrent.hpp"
#include "kernels/threads.hpp"

namespace brim::model {
namespace {

/// A tile's buffers, cut from the mixer's scratch.
struct DeltaNetRows {
  explicit DeltaNetRows(const Pass& tile) noexcept {
    const RecurrentConfig& shape = tile.config.recurrent;
    float* next = tile.work.mixer.data();
    const auto take = [&](std::int64_t values) {
      float* part = next;
      next += values * tile.tokens;
      return part;
    };
    mixed = take(shape.channels());
    gate = take(shape.inner());
    gates = take(2 * shape.heads);
    out = take(shape.inner());
    if (shape.fused_input) fused = take(shape.channels() + shape.inner());
  }
  static std::int64_t values(const RecurrentConfig& shape) {
    const std::int64_t once = shape.channels() + shape.inner();
    return once + 2 * shape.heads + shape.inner() + (shape.fused_input ? once : 0);
  }

  float* mixed;            ///< [channels]: queries, keys, values
  float* gate;             ///< [inner]: z, at the end the layer's output
  float* gates;            ///< rates and decays of the heads
  float* out;              ///< [inner]
  float* fused = nullptr;  ///< [channels + inner]: q, k, v and z of each key head
};

/// Where a head's rate and decay lie in DeltaNetRows::gates.
struct GatePlaces {
  GatePlaces(const Pass& tile, const LayerWeights& weights, int head) noexcept {
    const RecurrentConfig& shape = tile.config.recurrent;
    if (weights.decays.weight.empty()) {
      // One projection: for each key head, the rates of its heads and then their decays.
      const int share = shape.heads / shape.key_heads;
      stride = 2 * shape.heads;
      rate = head / share * 2 * share + head % share;
      decay = rate + share;
    } else {
      stride = shape.heads;
      rate = head;
      decay = tile.tokens * shape.heads + head;
    }
  }
  std::int64_t stride, rate, decay;
};

void project(const Pass& tile, const LayerWeights& weights, const DeltaNetRows& rows) noexcept {
  const RecurrentConfig& shape = tile.config.recurrent;
  const float* x = tile.work.normed.data();
  if (!shape.fused_input) {
    if (weights.decays.weight.empty()) {
      apply(tile, x, {{weights.mixer_input, rows.mixed}, {weights.mixer_gate, rows.gate}, {weights.rates, rows.gates}});
    } else {
      apply(tile, x,
            {{weights.mixer_input, rows.mixed},
             {weights.mixer_gate, rows.gate},
             {weights.rates, rows.gates},
             {weights.decays, rows.gates + tile.tokens * shape.heads}});
    }
    return;
  }
  apply(tile, x, {{weights.mixer_input, rows.fused}, {weights.rates, rows.gates}});
  const std::int64_t key = shape.key_size, value = shape.inner() / shape.key_heads;
  kernels::for_chunks(tile.runtime.threads, tile.tokens, [&](std::int64_t t, int) noexcept {
    float* mixed = rows.mixed + t * shape.channels();
    for (std::int64_t head = 0; head < shape.key_heads; ++head) {
      const float* from = rows.fused + t * (shape.channels() + shape.inner()) + head * 2 * (key + value);
      std::copy_n(from, key, mixed + head * key);
      std::copy_n(from + key, key, mixed + shape.keys() + head * key);
      std::copy_n(from + 2 * key, value, mixed + 2 * shape.keys() + head * value);
      std::copy_n(from + 2 * key + value, value, rows.gate + t * shape.inner() + head * value);
    }
  });
}

// The convolution and silu over all channels; queries and keys to length 1. A task has one head of any of the three.
void convolve_heads(const Pass& tile, const LayerWeights& weights, const TileStates& states,
                    const DeltaNetRows& rows) noexcept {
  const RecurrentConfig& shape = tile.config.recurrent;
  const kernels::Table& table = tile.runtime.table;
  const std::int64_t channels = shape.channels(), normed = 2 * shape.key_heads;
  const Convolution convolution{weights.taps.data(), nullptr, shape.taps, channels, true};
  kernels::for_chunks(tile.runtime.threads, normed + shape.heads, [&](std::int64_t task, int) noexcept {
    const bool to_norm = task < normed;
    const std::int64_t size = to_norm ? shape.key_size : shape.value_size;
    const std::int64_t first = to_norm ? task * size : 2 * shape.keys() + (task - normed) * size;
    for (const StateRows& own : states.each()) {
      const Rows place{rows.mixed + own.first * channels, channels};
      convolve(table, convolution, first, size, place, own.tokens, own.state, place);
    }
    if (!to_norm) return;
    for (std::int64_t t = 0; t < tile.tokens; ++t) {
      table.l2_norm(rows.mixed + t * channels + first, size, tile.config.norm_epsilon);
    }
  });
}

// One head's tokens of one sequence: rates and decays, the delta rule, norm and gate.
void run_head(const Pass& tile, const LayerWeights& weights, const StateRows& own, const DeltaNetRows& rows, int head,
              int worker) noexcept {
  const RecurrentConfig& shape = tile.config.recurrent;
  const kernels::Table& table = tile.runtime.table;
  const GatePlaces places(tile, weights, head);
  float* rates = rows.gates + own.first * places.stride + places.rate;
  float* decays = rows.gates + own.first * places.stride + places.decay;
  const float bias = weights.time_step_bias[static_cast<std::size_t>(head)];
  const float factor = weights.decay_factors[static_cast<std::size_t>(head)];
  for (std::int64_t t = 0; t < own.tokens; ++t) {
    float& rate = rates[t * places.stride];
    float& decay = decays[t * places.stride];
    rate = 1.0f / (1.0f + std::exp(-rate));
    decay = factor * softplus(decay + bias);  // its logarithm
  }
  const std::int64_t size = shape.value_size, state_size = std::int64_t{shape.key_size} * size;
  const float* mixed = rows.mixed + own.first * shape.channels();
  const std::int64_t key_head = shape.key_head(head);
  kernels::Recurrence call{};
  call.state = own.state + (shape.taps - 1) * shape.channels() + head * state_size;
  call.key_size = shape.key_size;
  call.value_size = shape.value_size;
  call.tokens = own.tokens;
  call.queries = mixed + key_head * shape.key_size;
  call.keys = call.queries + shape.keys();
  call.key_stride = shape.channels();
  call.values = mixed + 2 * shape.keys() + head * size;
  call.value_stride = shape.channels();
  call.rates = rates;
  call.gate_stride = places.stride;
  call.scale = 1.0f / std::sqrt(static_cast<float>(shape.key_size));
  call.out = rows.out + own.first * shape.inner() + head * size;
  call.out_stride = shape.inner();
  recur(table, RecurrenceKind::delta_rule, call, decays, tile.roles + own.first, tile.work.mixer_scratch(worker));
  for (std::int64_t t = 0; t < own.tokens; ++t) {
    float* out = call.out + t * call.out_stride;
    table.rms_norm(out, weights.mixer_norm.data(), size, tile.config.norm_epsilon, out);
    table.silu_multiply(rows.gate + (own.first + t) * shape.inner() + head * size, out, size);
  }
}

class DeltaNet final : public Mixer {
 public:
  std::string_view name() const override { return "gated DeltaNet"; }
  bool in_blocks() const override { return true; }

  std::int64_t state_bytes(const Config& config, const LayerConfig&) const override {
    const RecurrentConfig& shape = config.recurrent;
    return ((shape.taps - 1) * shape.channels() + shape.inner() * shape.key_size) *
           static_cast<std::int64_t>(sizeof(float));
  }
  MixerScratch scratch(const Config& config, const LayerConfig&) const override {
    return {.values = DeltaNetRows::values(config.recurrent),
            .widest = config.recurrent.inner(),
            .worker = kernels::kBlockScratch};
  }

  Status read_weights(const TensorFinder& finder, const Config& config, const LayerConfig&,
                      LayerWeights& layer) const override {
    const RecurrentConfig& shape = config.recurrent;
    const std::int64_t width = config.embedding;
    BRIM_ASSIGN(layer.attention_norm, finder.norm("attn_norm", width, config.norms.kind));
    if (shape.fused_input) {
      BRIM_ASSIGN(layer.mixer_input, finder.linear("ssm_in", width, shape.channels() + shape.inner()));
    } else {
      BRIM_ASSIGN(layer.mixer_input, finder.linear("attn_qkv", width, shape.channels()));
      BRIM_ASSIGN(layer.mixer_gate, finder.linear("attn_gate", width, shape.inner()));
    }
    if (finder.has("ssm_ba.weight")) {
      BRIM_ASSIGN(layer.rates, finder.linear("ssm_ba", width, 2 * shape.heads));
    } else {
      BRIM_ASSIGN(layer.rates, finder.linear("ssm_beta", width, shape.heads));
      BRIM_ASSIGN(layer.decays, finder.linear("ssm_alpha", width, shape.heads));
    }
    BRIM_ASSIGN(layer.taps, read_taps(finder, "ssm_conv1d.weight", shape.taps, shape.channels()));
    BRIM_ASSIGN(layer.time_step_bias, finder.vector("ssm_dt.bias", shape.heads));
    BRIM_ASSIGN(layer.decay_factors, finder.vector("ssm_a", shape.heads));
    BRIM_ASSIGN(layer.mixer_norm, finder.vector("ssm_norm.weight", shape.value_size));
    BRIM_ASSIGN(layer.mixer_output, finder.linear("ssm_out", shape.inner(), width));
    return {};
  }

  void run(const Pass& pass, kv::LayerId layer) const noexcept override {
    const LayerWeights& weights = pass.weights.layer(layer);
    for_block_tiles(pass, [&](const Pass& tile) {
      const DeltaNetRows rows(tile);
      normalise(tile, tile.stream(), weights.attention_norm, tile.work.normed.data());
      project(tile, weights, rows);
      const TileStates states(tile, layer);
      convolve_heads(tile, weights, states, rows);
      const std::int64_t heads = tile.config.recurrent.heads;
      const auto tasks = static_cast<std::int64_t>(states.each().size()) * heads;
      kernels::for_chunks(tile.runtime.threads, tasks, [&](std::int64_t task, int worker) noexcept {
        if (tile.cancelled()) return;
        run_head(tile, weights, states.each()[static_cast<std::size_t>(task / heads)], rows,
                 static_cast<int>(task % heads), worker);
      });
      apply(tile, rows.gate, {{weights.mixer_output, tile.work.branch.data()}});
      add_branch(tile, {});
    });
  }
};

}  // namespace

const Mixer& delta_net_mixer() {
  static const DeltaNet mixer;
  return mixer;
}

}  // namespace brim::model

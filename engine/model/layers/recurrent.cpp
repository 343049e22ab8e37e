// See recurrent.hpp.
#include "engine/model/layers/recurrent.hpp"

#include <algorithm>
#include <cmath>

namespace brim::model {
namespace {

constexpr std::int64_t kChannels = 64;  // those whose inputs are set aside while their outputs take their place

// Tokens of the block that begins with the first of these rows; 0 where none does, or one that goes token by token.
std::int64_t block_length(const kernels::RowRole* roles, std::int64_t rows) noexcept {
  if (roles[0] != kernels::RowRole::block_start) return 0;
  const std::int64_t max = std::min<std::int64_t>(rows, kernels::kBlockTokens);
  std::int64_t length = 1;
  while (length < max && roles[length] == kernels::RowRole::prompt) ++length;
  return length < kFewestInBlock ? 0 : length;
}

}  // namespace

TileStates::TileStates(const Pass& tile, kv::LayerId layer) noexcept {
  for (const Segment& segment : tile.segments) {
    if (segment.row >= tile.first + tile.tokens || segment.row + segment.tokens <= tile.first) continue;
    const CommonRows common(tile, segment);
    auto* state = reinterpret_cast<float*>(segment.chunk->state(layer).data());
    rows_[count_++] = {state, common.in_tile, common.tokens};
  }
}

void convolve(const kernels::Table& table, const Convolution& convolution, std::int64_t first, std::int64_t count,
              const Rows& in, std::int64_t tokens, float* state, const Rows& out) noexcept {
  const int kept = convolution.taps - 1;
  std::array<float, (kernels::kMaxTaps - 1) * kChannels> next;
  for (std::int64_t at = first; at < first + count; at += kChannels) {
    const std::int64_t size = std::min(kChannels, first + count - at);
    const auto input = [&](std::int64_t token) -> const float* {
      return token < 0 ? state + (kept + token) * convolution.channels + at : in.data + token * in.stride + at;
    };
    for (int j = 0; j < kept; ++j) std::copy_n(input(tokens - kept + j), size, next.data() + j * kChannels);
    kernels::CausalConvolution call{};
    call.taps = convolution.taps;
    call.weights = convolution.weights + at;
    call.weight_stride = convolution.channels;
    call.bias = convolution.bias != nullptr ? convolution.bias + at : nullptr;
    call.size = size;
    call.silu = convolution.silu;
    // From the last token back: an output may take the place of the newest of its inputs, which no earlier token needs.
    for (std::int64_t t = tokens - 1; t >= 0; --t) {
      for (int j = 0; j <= kept; ++j) call.rows[j] = input(t - kept + j);
      call.out = out.data + t * out.stride + at;
      table.causal_convolution(call);
    }
    for (int j = 0; j < kept; ++j) {
      std::copy_n(next.data() + j * kChannels, size, state + j * convolution.channels + at);
    }
  }
}

void recur(const kernels::Table& table, RecurrenceKind kind, kernels::Recurrence call, float* log_decays,
           const kernels::RowRole* roles, float* scratch) noexcept {
  const bool corrects = kind == RecurrenceKind::delta_rule;
  const auto one_by_one = corrects ? table.delta_rule : table.scan;
  const auto at_once = corrects ? table.delta_rule_block : table.scan_block;
  const std::int64_t all = call.tokens;
  for (std::int64_t first = 0, end = 0; first < all; first = end) {
    const std::int64_t block = block_length(roles + first, all - first);
    end = first + std::max<std::int64_t>(block, 1);
    while (block == 0 && end < all && block_length(roles + end, all - end) == 0) ++end;
    kernels::Recurrence part = call;
    part.tokens = end - first;
    part.keys += first * call.key_stride;
    part.queries += first * call.key_stride;
    part.values += first * call.value_stride;
    part.rates += first * call.gate_stride;
    part.out += first * call.out_stride;
    float* decays = log_decays + first * call.gate_stride;
    part.decays = decays;
    if (block > 0) {
      at_once({part, scratch});
    } else {
      for (std::int64_t t = 0; t < part.tokens; ++t)
        decays[t * call.gate_stride] = std::exp(decays[t * call.gate_stride]);
      one_by_one(part);
    }
  }
}

Result<std::vector<float>> read_taps(const TensorFinder& finder, const std::string& name, int taps,
                                     std::int64_t channels) {
  BRIM_ASSIGN(const std::vector<float> by_channel, finder.values(name, {taps, channels}));
  std::vector<float> by_tap(by_channel.size());
  for (std::int64_t channel = 0; channel < channels; ++channel) {
    for (int tap = 0; tap < taps; ++tap) {
      by_tap[static_cast<std::size_t>(tap * channels + channel)] =
          by_channel[static_cast<std::size_t>(channel * taps + tap)];
    }
  }
  return by_tap;
}

float softplus(float x) noexcept { return x > 20 ? x : static_cast<float>(std::log1p(std::exp(double{x}))); }

}  // namespace brim::model

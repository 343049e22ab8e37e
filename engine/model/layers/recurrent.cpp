// See recurrent.hpp.
#include "engine/model/layers/recurrent.hpp"

#include <algorithm>
#include <cmath>

namespace brim::model {
namespace {

constexpr std::int64_t kBlock = 64;  // channels whose inputs are set aside while their outputs take their place

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
  std::array<float, (kernels::kMaxTaps - 1) * kBlock> next;
  for (std::int64_t at = first; at < first + count; at += kBlock) {
    const std::int64_t size = std::min(kBlock, first + count - at);
    const auto input = [&](std::int64_t token) -> const float* {
      return token < 0 ? state + (kept + token) * convolution.channels + at : in.data + token * in.stride + at;
    };
    for (int j = 0; j < kept; ++j) std::copy_n(input(tokens - kept + j), size, next.data() + j * kBlock);
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
      std::copy_n(next.data() + j * kBlock, size, state + j * convolution.channels + at);
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

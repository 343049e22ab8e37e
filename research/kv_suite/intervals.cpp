// See intervals.hpp.
#include "research/kv_suite/intervals.hpp"

#include <algorithm>

#include "engine/base/splitmix64.hpp"

namespace brim::apps {
namespace {

/// Sum and count of each block of a window.
struct Block {
  double sum = 0, count = 0;
};

std::vector<Block> blocks_of(const std::vector<double>& values) {
  std::vector<Block> blocks((values.size() + kBlock - 1) / kBlock);
  for (std::size_t i = 0; i < values.size(); ++i) {
    blocks[i / kBlock].sum += values[i];
    blocks[i / kBlock].count += 1;
  }
  return blocks;
}

}  // namespace

double mean_of(const Positions& values) {
  double sum = 0, count = 0;
  for (const std::vector<double>& window : values) {
    for (const double value : window) sum += value;
    count += static_cast<double>(window.size());
  }
  return count > 0 ? sum / count : 0;
}

Interval bootstrap(const Positions& values) {
  std::vector<std::vector<Block>> windows;
  for (const std::vector<double>& window : values) {
    if (!window.empty()) windows.push_back(blocks_of(window));
  }
  if (windows.empty()) return {};
  std::vector<double> means;
  std::uint64_t state = 20241;
  for (int round = 0; round < kBootstrapRounds; ++round) {
    double sum = 0, count = 0;
    for (std::size_t w = 0; w < windows.size(); ++w) {
      const std::vector<Block>& window = windows[splitmix64(state) % windows.size()];
      for (std::size_t b = 0; b < window.size(); ++b) {
        const Block& block = window[splitmix64(state) % window.size()];
        sum += block.sum;
        count += block.count;
      }
    }
    means.push_back(sum / count);
  }
  std::sort(means.begin(), means.end());
  const auto at = [&](double share) {
    return means[static_cast<std::size_t>(share * static_cast<double>(means.size() - 1))];
  };
  return {at(0.025), at(0.975)};
}

Positions differences(const Positions& a, const Positions& b) {
  Positions out = a;
  for (std::size_t w = 0; w < out.size() && w < b.size(); ++w) {
    for (std::size_t i = 0; i < out[w].size() && i < b[w].size(); ++i) out[w][i] -= b[w][i];
  }
  return out;
}

}  // namespace brim::apps

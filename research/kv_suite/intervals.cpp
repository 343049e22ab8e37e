// See intervals.hpp.
#include "research/kv_suite/intervals.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

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

/// Adds as many blocks of a window as it has, drawn with replacement.
void add_drawn(const std::vector<Block>& window, std::uint64_t& state, Block& all) {
  for (std::size_t b = 0; b < window.size(); ++b) {
    const Block& block = window[splitmix64(state) % window.size()];
    all.sum += block.sum;
    all.count += block.count;
  }
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

std::vector<double> resampled_means(const Positions& values, std::span<const std::size_t> texts) {
  std::map<std::size_t, std::vector<std::vector<Block>>> by_text;
  for (std::size_t w = 0; w < values.size(); ++w) {
    if (!values[w].empty()) by_text[w < texts.size() ? texts[w] : 0].push_back(blocks_of(values[w]));
  }
  std::vector<double> means;
  if (by_text.empty()) return means;
  std::vector<std::vector<std::vector<Block>>> groups;
  for (auto& [text, windows] : by_text) groups.push_back(std::move(windows));
  std::uint64_t state = 20241;
  for (int round = 0; round < kBootstrapRounds; ++round) {
    Block all;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      // A single text is not drawn, so that the draws of its windows are the same as ever.
      const auto& windows = groups[groups.size() == 1 ? 0 : splitmix64(state) % groups.size()];
      for (std::size_t w = 0; w < windows.size(); ++w)
        add_drawn(windows[splitmix64(state) % windows.size()], state, all);
    }
    means.push_back(all.sum / all.count);
  }
  std::sort(means.begin(), means.end());
  return means;
}

Interval middle_of(std::span<const double> means) {
  if (means.empty()) return {};
  const auto at = [&](double share) {
    return means[static_cast<std::size_t>(share * static_cast<double>(means.size() - 1))];
  };
  return {at(0.025), at(0.975)};
}

Interval bootstrap(const Positions& values, std::span<const std::size_t> texts) {
  return middle_of(resampled_means(values, texts));
}

double p_of_zero(std::span<const double> means) {
  if (means.empty()) return 1;
  const auto below = std::count_if(means.begin(), means.end(), [](double mean) { return mean <= 0; });
  const auto above = std::count_if(means.begin(), means.end(), [](double mean) { return mean >= 0; });
  const double rarer = static_cast<double>(std::min(below, above)) + 1;
  return std::min(1.0, 2 * rarer / (static_cast<double>(means.size()) + 1));
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> adjusted(p.size());
  double largest = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    largest = std::max(largest, std::min(1.0, p[order[i]] * static_cast<double>(order.size() - i)));
    adjusted[order[i]] = largest;
  }
  return adjusted;
}

Positions differences(const Positions& a, const Positions& b) {
  Positions out = a;
  for (std::size_t w = 0; w < out.size() && w < b.size(); ++w) {
    for (std::size_t i = 0; i < out[w].size() && i < b[w].size(); ++i) out[w][i] -= b[w][i];
  }
  return out;
}

}  // namespace brim::apps

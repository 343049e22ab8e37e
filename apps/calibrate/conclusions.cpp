// See conclusions.hpp.
#include "apps/calibrate/conclusions.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/base/splitmix64.hpp"

namespace brim::apps {
namespace {

std::vector<double> ranks(std::span<const double> values) {
  std::vector<double> out(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    double below = 0, equal = 0;
    for (const double other : values) {
      below += other < values[i] ? 1 : 0;
      equal += other == values[i] ? 1 : 0;
    }
    out[i] = below + (equal - 1) / 2;
  }
  return out;
}

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) /
         static_cast<double>(std::max<std::size_t>(values.size(), 1));
}

/// The variance of the layers' means over all windows.
double spread(const std::vector<std::vector<double>>& values) {
  const std::size_t layers = values.front().size();
  std::vector<double> means(layers, 0);
  for (const std::vector<double>& window : values) {
    for (std::size_t i = 0; i < layers; ++i) means[i] += window[i] / static_cast<double>(values.size());
  }
  const double middle = mean(means);
  double sum = 0;
  for (const double one : means) sum += (one - middle) * (one - middle);
  return sum;
}

}  // namespace

double spearman(std::span<const double> a, std::span<const double> b) {
  const std::vector<double> x = ranks(a), y = ranks(b);
  const double mx = mean(x), my = mean(y);
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mx) * (y[i] - my);
    xx += (x[i] - mx) * (x[i] - mx);
    yy += (y[i] - my) * (y[i] - my);
  }
  return xx > 0 && yy > 0 ? std::clamp(xy / std::sqrt(xx * yy), -1.0, 1.0) : 0;
}

std::vector<double> prunable_from(std::span<const double> proxy, double correlation) {
  // A small share of the mean is added, so that a layer whose proxy is almost 0 does not stand out without bound.
  const double ground = std::max(0.05 * std::abs(mean(proxy)), 1e-9);
  std::vector<double> out;
  for (const double value : proxy) {
    const double raised = std::max(value, 0.0) + ground;
    out.push_back(correlation >= 0 ? 1 / raised : raised);
  }
  const double scale = mean(out);
  for (double& value : out) value = std::clamp(value / scale, 0.05, 20.0);
  return out;
}

double equal_layers_p(const std::vector<std::vector<double>>& values, int permutations, std::uint64_t seed) {
  if (values.empty() || values.front().size() < 2) return 1;
  const double seen = spread(values);
  int as_much = 0;
  std::uint64_t state = seed;
  std::vector<std::vector<double>> shuffled = values;
  for (int round = 0; round < permutations; ++round) {
    for (std::vector<double>& window : shuffled) {
      for (std::size_t i = window.size(); i > 1; --i) std::swap(window[i - 1], window[splitmix64(state) % i]);
    }
    as_much += spread(shuffled) >= seen ? 1 : 0;
  }
  return (1.0 + as_much) / (1.0 + permutations);
}

void conclude(const std::vector<WindowLosses>& windows, model::ProfileFile& file) {
  const std::size_t layers = windows.front().layers.size(), fractions = kv::kProfileFractions.size();
  const double weight = 1 / static_cast<double>(windows.size());
  file.profile.layers.assign(layers, {});
  file.nll.assign(layers, {});
  file.infonce.assign(layers, 0);
  for (kv::TypedLosses& other : file.profile.others) other.loss.assign(layers, {});
  std::vector<std::vector<double>> values(windows.size(), std::vector<double>(layers, 0));
  std::vector<double> sensitivity(layers, 0);
  for (std::size_t w = 0; w < windows.size(); ++w) {
    for (std::size_t l = 0; l < layers; ++l) {
      const LayerLoss& loss = windows[w].layers[l];
      for (std::size_t i = 0; i < fractions; ++i) {
        const double counted = file.loss == "nll" ? loss.nll[i] : loss.kl[i];
        file.profile.layers[l].loss[i] += weight * counted;
        file.nll[l].loss[i] += weight * loss.nll[i];
        values[w][l] += counted / static_cast<double>(fractions - 1);
      }
      for (std::size_t t = 0; t < file.profile.others.size(); ++t) {
        const LayerLoss& typed = windows[w].others[t][l];
        for (std::size_t i = 0; i < fractions; ++i) {
          file.profile.others[t].loss[l][i] += weight * (file.loss == "nll" ? typed.nll[i] : typed.kl[i]);
        }
      }
      sensitivity[l] += weight * values[w][l];
      file.infonce[l] += weight * windows[w].infonce[l];
    }
  }
  file.spearman = spearman(file.infonce, sensitivity);
  const std::vector<double> prunable = prunable_from(file.infonce, file.spearman);
  for (std::size_t l = 0; l < layers; ++l) file.profile.layers[l].prunable = prunable[l];
  file.profile.equal_layers_p = equal_layers_p(values, 2000, 1);
}

}  // namespace brim::apps

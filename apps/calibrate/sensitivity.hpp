// Measures the true effect of each layer: this layer alone keeps a fraction of its entries, all others keep everything.
// How much worse is the continuation predicted?
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "engine/kv/profile.hpp"
#include "research/kv_suite/continuation.hpp"

namespace brim::apps {

/// The means over one window's scored positions. Place 0, where nothing is pruned, stays 0.
struct LayerLoss {
  std::array<double, kv::kProfileFractions.size()> kl{}, nll{};
  bool measured = false;
};

struct WindowLosses {
  std::vector<LayerLoss> layers;
  /// [type][layer]: the same where the pruned layer is also stored in another type; place 0 is measured too.
  std::vector<std::vector<LayerLoss>> others;
  /// DepthKV's proxy, as reconstructed here: for each layer the InfoNCE between attention's outputs with the whole
  /// cache and with the share kProxyFraction of the cache in every layer; empty until measured.
  std::vector<double> infonce;
};

inline constexpr double kProxyFraction = 0.25;
inline constexpr double kProxyTemperature = 0.1;

/// The setup that windows are measured with.
struct Measuring {
  std::shared_ptr<const model::Model> model;
  run::SequenceOptions sequence;         ///< context, type, rule and threads; budget and split are ignored
  std::vector<kernels::KvTypes> others;  ///< measured in addition to the sequence's type
  std::int64_t chunk = 1;                ///< tokens of the prefix that are processed together
  int loop_threads = 1;                  ///< of the loops over the results (apps/loops)
};

/// Measures what is missing in one window, in the sequence's type and, for losses.others, in `with.others`. The numbers
/// are the same for any number of threads. `done` is called after each layer. Errors: those of processing the tokens;
/// cancelled, with the measurements so far kept in `losses`.
Status measure_window(const Measuring& with, const Window& window, WindowLosses& losses,
                      const std::function<void()>& done, const KeepGoing& keep_going);

/// −mean ln (e^{cos(a_i, b_i)/τ} / Σ_j e^{cos(a_i, b_j)/τ}) over rows a_i and b_i of equal count: 0 where each a is by
/// far nearest to its own b; ln(rows) where the rows say nothing about each other.
double info_nce(const std::vector<std::vector<float>>& whole, const std::vector<std::vector<float>>& pruned,
                double temperature);

}  // namespace brim::apps

// Ground truth about layers: one layer alone keeps a fraction of its entries, all others are whole; how much worse is
// the continuation predicted?
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
  /// [type][layer]: the same where the layer that keeps a part is also stored in another type; place 0 is measured too.
  std::vector<std::vector<LayerLoss>> others;
  /// DepthKV's proxy, as reconstructed here: of each layer the InfoNCE between attention's outputs with the whole cache
  /// and with kProxyFraction of it in every layer; empty until measured.
  std::vector<double> infonce;
};

inline constexpr double kProxyFraction = 0.25;
inline constexpr double kProxyTemperature = 0.1;

/// What windows are measured with.
struct Measuring {
  std::shared_ptr<const model::Model> model;
  run::SequenceOptions sequence;         ///< context, type, rule and threads; budget and split are not looked at
  std::vector<kernels::KvTypes> others;   ///< to be measured beside the sequence's type
  std::int64_t chunk = 1;                 ///< tokens of the prefix that are read together
  int loop_threads = 1;                   ///< of the loops over what was read (apps/loops)
};

/// Measures what is missing of one window, in the sequence's type and for losses.others in `with.others`; the numbers are the
/// same for any number of threads. `done` is called after each layer. Errors: of reading; cancelled, with what was measured
/// kept in `losses`.
Status measure_window(const Measuring& with, const Window& window, WindowLosses& losses, const std::function<void()>& done,
                      const KeepGoing& keep_going);

/// −mean ln (e^{cos(a_i, b_i)/τ} / Σ_j e^{cos(a_i, b_j)/τ}) over rows a_i and b_i of the same number: 0 where each a is
/// by far nearest to its own b; ln(rows) where they tell nothing about each other.
double info_nce(const std::vector<std::vector<float>>& whole, const std::vector<std::vector<float>>& pruned,
                double temperature);

}  // namespace brim::apps

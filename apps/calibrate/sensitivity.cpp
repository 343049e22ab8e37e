// See sensitivity.hpp.
#include "apps/calibrate/sensitivity.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "apps/loops/parallel_for.hpp"
#include "engine/kv/layout.hpp"

namespace brim::apps {
namespace {

/// Attention's output after each token of the continuation, for each layer.
class AttentionOutputs {
 public:
  AttentionOutputs(std::size_t layers, std::size_t prefix) : seen_(layers, 0), rows_(layers), prefix_(prefix) {}

  void hear(kv::LayerId layer, std::span<const float> rows, std::size_t width) {
    const std::size_t own = kv::index_of(layer);
    for (std::size_t at = 0; at < rows.size(); at += width) {
      if (seen_[own]++ < prefix_) continue;
      rows_[own].emplace_back(rows.begin() + static_cast<std::ptrdiff_t>(at),
                              rows.begin() + static_cast<std::ptrdiff_t>(at + width));
    }
  }
  const std::vector<std::vector<float>>& layer(std::size_t index) const { return rows_[index]; }

 private:
  std::vector<std::size_t> seen_;
  std::vector<std::vector<std::vector<float>>> rows_;
  std::size_t prefix_;
};

void listen(run::Sequence& sequence, AttentionOutputs& outputs) {
  const auto width = static_cast<std::size_t>(sequence.model().config().embedding);
  sequence.observe_attention([&outputs, width](kv::LayerId layer, std::int64_t, std::span<const float> rows) {
    outputs.hear(layer, rows, width);
  });
}

/// Scales a row to length 1.
std::vector<float> direction(const std::vector<float>& row) {
  double squares = 0;
  for (const float value : row) squares += static_cast<double>(value) * value;
  const double scale = squares > 0 ? 1 / std::sqrt(squares) : 0;
  std::vector<float> out(row.size());
  std::transform(row.begin(), row.end(), out.begin(), [&](float value) { return static_cast<float>(value * scale); });
  return out;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) /
         static_cast<double>(std::max<std::size_t>(values.size(), 1));
}

}  // namespace

double info_nce(const std::vector<std::vector<float>>& whole, const std::vector<std::vector<float>>& pruned,
                double temperature) {
  const std::size_t count = std::min(whole.size(), pruned.size());
  std::vector<std::vector<float>> a, b;
  for (std::size_t i = 0; i < count; ++i) {
    a.push_back(direction(whole[i]));
    b.push_back(direction(pruned[i]));
  }
  double sum = 0;
  std::vector<float> cosines(count);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < count; ++j) {
      cosines[j] = static_cast<float>(std::inner_product(a[i].begin(), a[i].end(), b[j].begin(), 0.0) / temperature);
    }
    sum -= static_cast<double>(log_softmax(cosines)[i]);
  }
  return count > 0 ? sum / static_cast<double>(count) : 0;
}

Status measure_window(const Measuring& with, const Window& window, WindowLosses& losses,
                      const std::function<void()>& done, const KeepGoing& keep_going) {
  const run::SequenceOptions& options = with.sequence;
  const std::vector<kernels::KvTypes>& others = with.others;
  const std::size_t count = with.model->config().layers.size();
  losses.layers.resize(count);
  losses.others.resize(others.size());
  for (std::vector<LayerLoss>& layers : losses.others) layers.resize(count);
  const auto complete = [](const std::vector<LayerLoss>& layers) {
    return std::all_of(layers.begin(), layers.end(), [](const LayerLoss& one) { return one.measured; });
  };
  if (complete(losses.layers) && !losses.infonce.empty() &&
      std::all_of(losses.others.begin(), losses.others.end(), complete)) {
    return {};
  }

  std::vector<std::int64_t> whole;
  for (const kv::StreamShape& layer : model::kv_shape(with.model->config(), options.context, options.type).layers) {
    whole.push_back(kv::useful_entries(layer, options.context));
  }
  const std::vector<kernels::KvTypes> alike(count, options.type);
  const auto sequence_with = [&](std::vector<std::int64_t> quotas, std::vector<kernels::KvTypes> types) {
    run::SequenceOptions own = options;
    own.quotas = std::move(quotas);
    own.layer_types = std::move(types);
    own.chunk = static_cast<int>(with.chunk);
    return run::Sequence::create(with.model, own);
  };
  const auto score = [&](run::Sequence& sequence, const Reference& reference) {
    return measure_continuation(sequence, window, with.chunk, with.loop_threads, reference, keep_going);
  };
  const auto part = [&](std::size_t layer, double fraction) {
    return static_cast<std::int64_t>(std::lround(static_cast<double>(whole[layer]) * fraction));
  };

  AttentionOutputs outputs(count, window.prefix);
  BRIM_ASSIGN(const auto reference_sequence, sequence_with(whole, alike));
  if (losses.infonce.empty()) listen(*reference_sequence, outputs);
  BRIM_ASSIGN(const Reference reference,
              measure_reference(*reference_sequence, window, with.chunk, with.loop_threads, keep_going));
  const double reference_nll = mean(reference.nll);

  if (losses.infonce.empty()) {
    std::vector<std::int64_t> quotas;
    for (std::size_t layer = 0; layer < count; ++layer) quotas.push_back(part(layer, kProxyFraction));
    AttentionOutputs pruned(count, window.prefix);
    BRIM_ASSIGN(const auto sequence, sequence_with(quotas, alike));
    listen(*sequence, pruned);
    BRIM_TRY(score(*sequence, reference));
    std::vector<double> infonce(count);
    parallel_for(with.loop_threads, static_cast<std::int64_t>(count), [&](std::int64_t index, int) {
      const auto layer = static_cast<std::size_t>(index);
      infonce[layer] = info_nce(outputs.layer(layer), pruned.layer(layer), kProxyTemperature);
    });
    losses.infonce = std::move(infonce);
  }
  const auto measure = [&](std::size_t layer, kernels::KvTypes types, std::size_t first,
                           LayerLoss& measured) -> Status {
    if (measured.measured) return {};
    LayerLoss loss;
    for (std::size_t i = first; i < kv::kProfileFractions.size(); ++i) {
      std::vector<std::int64_t> quotas = whole;
      quotas[layer] = part(layer, kv::kProfileFractions[i]);
      std::vector<kernels::KvTypes> stored = alike;
      stored[layer] = types;
      BRIM_ASSIGN(const auto sequence, sequence_with(std::move(quotas), std::move(stored)));
      BRIM_ASSIGN(const Scores scores, score(*sequence, reference));
      loss.kl[i] = mean(scores.kl);
      loss.nll[i] = mean(scores.nll) - reference_nll;
    }
    loss.measured = true;
    measured = loss;
    done();
    return {};
  };
  for (std::size_t layer = 0; layer < count; ++layer) {
    BRIM_TRY(measure(layer, options.type, 1, losses.layers[layer]));
    for (std::size_t t = 0; t < others.size(); ++t) BRIM_TRY(measure(layer, others[t], 0, losses.others[t][layer]));
  }
  return {};
}

}  // namespace brim::apps

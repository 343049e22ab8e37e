// See keep_scores.hpp.
#include "apps/calibrate/keep_scores.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/calibrate/ridge.hpp"
#include "apps/loops/parallel_for.hpp"

namespace brim::apps {
namespace {

using kv::LayerId;

constexpr std::int64_t kMaxPiece = 256;

/// Neighbouring layers of the model.
struct Group {
  std::size_t first, end;
  bool has(LayerId layer) const { return kv::index_of(layer) >= first && kv::index_of(layer) < end; }
};

/// The tokens of one piece that a layer has examples of, the newest ones: rows[token][width], targets[token][head].
struct Examples {
  std::span<const float> rows, targets;
};

/// What a window's pieces and their replays show of a group's layers, piece by piece.
class Replays {
 public:
  Replays(run::Sequence& sequence, const Group& group)
      : sequence_(sequence),
        group_(group),
        width_(static_cast<std::size_t>(sequence.model().config().embedding)),
        rows_(group.end - group.first),
        targets_(group.end - group.first) {
    model::InputObserver observer;
    observer.inputs = [this](LayerId layer, std::int64_t first, std::span<const float> rows) {
      if (!group_.has(layer)) return;
      std::vector<float>& own = rows_[kv::index_of(layer) - group_.first];
      if (first == 0) own.clear();
      own.insert(own.end(), rows.begin(), rows.end());
    };
    observer.looks = [this](kv::StreamId stream, std::int64_t, std::span<const float> scores) {
      const LayerId layer = sequence_.cache().plan().shape.place(stream).layer;
      if (group_.has(layer)) targets_[kv::index_of(layer) - group_.first].assign(scores.begin(), scores.end());
    };
    sequence_.observe_inputs(std::move(observer));
  }
  ~Replays() { sequence_.observe_inputs({}); }
  Replays(const Replays&) = delete;
  Replays& operator=(const Replays&) = delete;

  /// Calls use(layer, examples) for each piece and layer of the group that keeps entries. A piece is processed only where
  /// its replay fits into the window behind it.
  template <class Use>
  Status run(const Window& window, std::int64_t piece, Use use) {
    sequence_.clear();
    const auto size = static_cast<std::size_t>(piece);
    for (std::size_t at = 0; at + 2 * size <= window.ids.size(); at += size) {
      const std::span<const std::int32_t> part = std::span(window.ids).subspan(at, size);
      BRIM_TRY(sequence_.read(part, {}, nullptr));
      for (std::vector<float>& targets : targets_) targets.clear();
      BRIM_TRY(sequence_.look(part, nullptr));
      for (std::size_t layer = group_.first; layer < group_.end; ++layer) {
        const std::vector<float>& targets = targets_[layer - group_.first];
        const auto heads = static_cast<std::size_t>(sequence_.model().config().layers[layer].kv_heads);
        if (targets.empty()) continue;
        // Of a layer with a window, the oldest tokens of the piece may have slid out.
        const std::size_t left_out = at == 0 ? kLeftOut : 0, found = targets.size() / heads;
        const std::size_t tokens = std::min(found, size - left_out);
        use(layer, Examples{std::span(rows_[layer - group_.first]).last(tokens * width_),
                            std::span(targets).last(tokens * heads)});
      }
    }
    return {};
  }

 private:
  run::Sequence& sequence_;
  Group group_;
  std::size_t width_;
  std::vector<std::vector<float>> rows_, targets_;  // by layer of the group
};

std::vector<float> logarithms(std::span<const float> scores) {
  std::vector<float> logs(scores.size());
  std::transform(scores.begin(), scores.end(), logs.begin(),
                 [](float score) { return std::log(std::max(score, kv::kMinLookScore)); });
  return logs;
}

/// Fits the layers of one group, which pass over all windows once.
class GroupFit {
 public:
  GroupFit(const Measuring& with, run::Sequence& sequence, const Group& group, kv::LearnedScores& scores)
      : with_(with), sequence_(sequence), group_(group), scores_(scores) {
    const auto width = static_cast<std::size_t>(scores.width);
    for (std::size_t layer = group.first; layer < group.end; ++layer) {
      sums_.emplace_back(width, static_cast<std::size_t>(scores.layers[layer].heads));
      explained_.emplace_back(static_cast<std::size_t>(scores.layers[layer].heads));
    }
  }

  Status add(const Window& window, std::int64_t piece) {
    return Replays(sequence_, group_).run(window, piece, [&](std::size_t layer, const Examples& examples) {
      sums_[layer - group_.first].add(examples.rows, logarithms(examples.targets), with_.loop_threads);
    });
  }
  /// After all windows were added.
  void solve() {
    parallel_for(with_.loop_threads, static_cast<std::int64_t>(sums_.size()), [&](std::int64_t index, int) {
      kv::LayerScores& layer = scores_.layers[group_.first + static_cast<std::size_t>(index)];
      if (layer.heads == 0) return;
      layer.weights.resize(static_cast<std::size_t>(layer.heads) * static_cast<std::size_t>(scores_.width + 1));
      sums_[static_cast<std::size_t>(index)].solve(kRidge, layer.weights);
    });
  }
  Status check(const Window& window, std::int64_t piece) {
    return Replays(sequence_, group_).run(window, piece, [&](std::size_t layer, const Examples& examples) {
      std::vector<Explained>& explained = explained_[layer - group_.first];
      const std::vector<float> targets = logarithms(examples.targets);
      const std::size_t heads = explained.size(), tokens = targets.size() / heads;
      for (std::size_t token = 0; token < tokens; ++token) {
        const float* row = examples.rows.data() + token * static_cast<std::size_t>(scores_.width);
        for (std::size_t head = 0; head < heads; ++head) {
          const float* weights = scores_.weights(kv::id_at<LayerId>(layer), static_cast<std::int64_t>(head));
          explained[head].add(targets[token * heads + head], kv::learned_score(weights, row, scores_.width));
        }
      }
    });
  }
  /// After all held-out windows were checked.
  void conclude() {
    for (std::size_t layer = group_.first; layer < group_.end; ++layer) {
      const std::vector<Explained>& explained = explained_[layer - group_.first];
      double sum = 0;
      for (const Explained& head : explained) sum += head.r2();
      if (!explained.empty())
        scores_.layers[layer].r2 = static_cast<float>(sum / static_cast<double>(explained.size()));
    }
  }

 private:
  const Measuring& with_;
  run::Sequence& sequence_;
  Group group_;
  kv::LearnedScores& scores_;
  std::vector<RidgeSums> sums_;                    // by layer of the group
  std::vector<std::vector<Explained>> explained_;  // the same, by head
};

/// Layers with attention have their heads; nothing else is known yet.
kv::LearnedScores scores_without_weights(const model::Config& config, const kv::Shape& shape) {
  kv::LearnedScores scores;
  scores.width = config.embedding;
  scores.layers.resize(config.layers.size());
  for (const kv::StreamId stream : kv::ids_up_to<kv::StreamId>(shape.layers.size())) {
    scores.layers[kv::index_of(shape.place(stream).layer)].heads = shape.at(stream).kv_heads;
  }
  return scores;
}

}  // namespace

Result<kv::LearnedScores> fit_scores(const Measuring& with, std::span<const Window> windows, std::size_t max_bytes,
                                     const std::function<bool(std::int64_t done, std::int64_t total)>& progress) {
  run::SequenceOptions options = with.sequence;
  options.budget = {kv::BudgetRequest::Kind::full, 0, 0};
  options.split = &kv::uniform_split();
  options.keep = &kv::distinct_rule();  // one that keeps a score with each entry, so that looks are possible
  BRIM_ASSIGN(const auto sequence, run::Sequence::create(with.model, options));
  const std::int64_t piece = std::min<std::int64_t>(sequence->memory().kv.chunk, kMaxPiece);
  const model::Config& config = with.model->config();
  if (windows.size() < 2 || windows.front().ids.size() < 2 * static_cast<std::size_t>(piece)) {
    return error(ErrorCode::invalid_argument, "fitting scores takes at least two windows of ", 2 * piece,
                 " tokens: give more text");
  }
  kv::LearnedScores scores = scores_without_weights(config, sequence->memory().kv.shape);
  std::size_t heads = 0;
  for (const kv::LayerScores& layer : scores.layers) heads = std::max(heads, static_cast<std::size_t>(layer.heads));
  const std::size_t layers = scores.layers.size();
  const std::size_t one = RidgeSums::bytes(static_cast<std::size_t>(config.embedding), heads);
  const std::size_t together = std::clamp<std::size_t>(max_bytes / one, 1, layers);
  const auto total = static_cast<std::int64_t>((layers + together - 1) / together * windows.size());
  std::int64_t done = 0;
  for (std::size_t first = 0; first < layers; first += together) {
    GroupFit fit(with, *sequence, {first, std::min(first + together, layers)}, scores);
    for (const bool held : {false, true}) {
      if (held) fit.solve();
      for (std::size_t i = 0; i < windows.size(); ++i) {
        if (held_out(i, windows.size()) != held) continue;
        if (!progress(done, total)) return error(ErrorCode::cancelled, "measuring was stopped");
        BRIM_TRY(held ? fit.check(windows[i], piece) : fit.add(windows[i], piece));
        ++done;
      }
    }
    fit.conclude();
  }
  scores.hash = kv::score_hash(scores);
  return scores;
}

std::string scores_report(const kv::LearnedScores& scores) {
  std::string out = "scores of entries: R² on windows that they were not fitted to\n";
  for (std::size_t i = 0; i < scores.layers.size(); ++i) {
    const kv::LayerScores& layer = scores.layers[i];
    if (layer.heads == 0) continue;
    const bool usable = scores.usable(kv::id_at<LayerId>(i));
    out += fmt::format("  {:>5}  {:>6.3f}{}\n", i, layer.r2, usable ? "" : "  too little: distinct decides there");
  }
  return out;
}

std::string scores_json(const kv::LearnedScores& scores) {
  std::string r2;
  for (const kv::LayerScores& layer : scores.layers) r2 += fmt::format("{}{}", r2.empty() ? "" : ",", layer.r2);
  return fmt::format("{{\"r2\":[{}],\"hash\":\"{}\"}}\n", r2, scores.hash);
}

}  // namespace brim::apps

// What calibration learned about the entries of a model (`brim calibrate --keep-scores`): weights that give each entry
// a score from attention's input, the normalised vector that a layer's matrices of queries, keys and values are
// multiplied with. After KVzap (arXiv 2601.07891) and Fast KVzip (arXiv 2601.17668): a linear map per layer and KV head
// that predicts how much a replay of the text will attend to the entry. Plain data: engine/model reads and writes the
// file, and computes the scores.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/kv/ids.hpp"

namespace brim::kv {

/// A layer whose weights explain less than this share of the variance (R² on texts that they were not fitted to) is not
/// scored (ours).
inline constexpr float kMinScoreR2 = 0.1f;

/// The weights of one of the model's layers.
struct LayerScores {
  std::int32_t heads = 0;      ///< its KV heads; 0: it keeps no entries
  float r2 = 0;                ///< mean over heads, at most 1
  std::vector<float> weights;  ///< [heads][width + 1]; the last one is what is added
};

struct LearnedScores {
  std::int64_t width = 0;           ///< values of attention's input
  std::vector<LayerScores> layers;  ///< of the model
  std::string hash;                 ///< of all of this, by score_hash()

  /// Whether a layer's entries are scored with it.
  bool usable(LayerId layer) const {
    const std::size_t place = index_of(layer);
    return place < layers.size() && layers[place].heads > 0 && layers[place].r2 >= kMinScoreR2;
  }
  /// width + 1 weights.
  const float* weights(LayerId layer, std::int64_t head) const {
    return layers[index_of(layer)].weights.data() + head * (width + 1);
  }
};

/// A hash of everything but `hash`: "fnv1a-0123456789abcdef". Saved sessions name it.
std::string score_hash(const LearnedScores& scores);

/// Σ weights[i] · input[i] + weights[width], added up in one order on every machine. Any number of threads.
float learned_score(const float* weights, const float* input, std::int64_t width) noexcept;

}  // namespace brim::kv

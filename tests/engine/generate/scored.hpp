// Learned scores for the tiny model, and sequences that use them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/kv/learned_scores.hpp"
#include "engine/run/sequence.hpp"
#include "tests/engine/generate/speculating.hpp"
#include "tests/support/random.hpp"

namespace brim::test {

/// Random weights for every layer. Of layer 1 they explain too little, so that distinct decides there.
inline std::shared_ptr<const kv::LearnedScores> random_scores(const model::Config& config, std::uint64_t seed = 9) {
  auto scores = std::make_shared<kv::LearnedScores>();
  scores->width = config.embedding;
  Random random(seed);
  for (std::size_t i = 0; i < config.layers.size(); ++i) {
    kv::LayerScores layer{config.layers[i].kv_heads, i == 1 ? 0.0625f : 0.5f, {}};
    layer.weights.resize(static_cast<std::size_t>(layer.heads) * static_cast<std::size_t>(config.embedding + 1));
    for (float& weight : layer.weights) weight = random.unit();
    scores->layers.push_back(std::move(layer));
  }
  scores->hash = kv::score_hash(*scores);
  return scores;
}

/// `split`: null for the default one.
inline run::SequenceOptions scored_options(const model::Config& config, const std::string& budget, int threads = 2,
                                           const kv::Split* split = &kv::uniform_split()) {
  run::SequenceOptions options;
  options.threads = threads;
  options.budget = *kv::parse_budget(budget);
  options.keep = &kv::learned_rule();
  options.split = split;
  options.scores = random_scores(config);
  return options;
}

}  // namespace brim::test

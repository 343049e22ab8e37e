// Files of learned scores: any bytes are parsed or refused with a sentence, and parsed scores have as many weights as
// their heads take, all of them finite.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "engine/model/score_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = brim::io::Gguf::parse({reinterpret_cast<const std::byte*>(data), size}, "input");
  if (!file) return 0;
  const auto found = brim::model::parse_scores(*file);
  if (!found) {
    if (found.error().sentence.empty()) std::abort();
    return 0;
  }
  const brim::kv::LearnedScores& scores = found->scores;
  for (const brim::kv::LayerScores& layer : scores.layers) {
    const auto weights = static_cast<std::size_t>(layer.heads) * static_cast<std::size_t>(scores.width + 1);
    if (layer.weights.size() != weights || !std::isfinite(layer.r2)) std::abort();
    for (const float weight : layer.weights) {
      if (!std::isfinite(weight)) std::abort();
    }
  }
  if (scores.hash != brim::kv::score_hash(scores)) std::abort();
  return 0;
}

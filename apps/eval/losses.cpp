// See losses.hpp.
#include "apps/eval/losses.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/generate/logit_check.hpp"

namespace brim::apps {
namespace {

double negative_log_likelihood(std::span<const float> logits, std::int32_t target) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - largest);
  return std::log(sum) + largest - logits[static_cast<std::size_t>(target)];
}

}  // namespace

double Losses::mean() const {
  if (nll.empty()) return 0;
  return std::accumulate(nll.begin(), nll.end(), 0.0) / static_cast<double>(nll.size());
}

Result<Losses> measure_losses(run::Sequence& sequence, std::span<const std::int32_t> ids,
                              std::span<const std::int64_t> positions, const Progress& progress) {
  Losses losses;
  losses.tokens = static_cast<std::int64_t>(ids.size());
  losses.rows.resize(positions.size());
  sequence.clear();
  Status usable;
  std::vector<float> logits(static_cast<std::size_t>(sequence.model().config().vocabulary));
  BRIM_TRY(sequence.read(ids, progress, nullptr, [&](std::int64_t first, model::Decoder& decoder) {
    for (std::int64_t i = 0; i < decoder.last_tokens(); ++i) {
      const std::int64_t at = first + i;
      const bool wanted = std::find(positions.begin(), positions.end(), at) != positions.end();
      const bool scored = at + 1 < losses.tokens;
      if (!wanted && !scored) continue;
      decoder.logits(i, 1, logits);
      if (usable) usable = generate::check_logits(logits, at + 1);
      if (scored) losses.nll.push_back(negative_log_likelihood(logits, ids[static_cast<std::size_t>(at + 1)]));
      if (!wanted) continue;
      for (std::size_t row = 0; row < positions.size(); ++row) {
        if (positions[row] == at) losses.rows[row].assign(logits.begin(), logits.end());
      }
    }
  }));
  BRIM_TRY(usable);
  return losses;
}

}  // namespace brim::apps

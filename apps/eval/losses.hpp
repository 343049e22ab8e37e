// The losses of a text: what `brim eval` measures.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/log.hpp"
#include "engine/base/result.hpp"
#include "engine/run/sequence.hpp"

namespace brim::apps {

struct Losses {
  std::int64_t tokens = 0;
  std::vector<double> nll;               ///< tokens − 1 numbers: −ln p(ids[i + 1] | ids[0 … i])
  std::vector<std::vector<float>> rows;  ///< logits at the requested positions, in their order

  double mean() const;
};

/// Processes `ids`, beginning with an empty cache. `positions` are indices into `ids`. Stopped by `progress`:
/// ErrorCode::cancelled. Other errors: those of processing the tokens; bad_file where logits are not numbers.
Result<Losses> measure_losses(run::Sequence& sequence, std::span<const std::int32_t> ids,
                              std::span<const std::int64_t> positions, const Progress& progress);

}  // namespace brim::apps

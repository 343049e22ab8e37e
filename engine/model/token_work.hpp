// How much arithmetic and reading of weights one token needs, counted from the file's tensors: the reference for
// measured rates.
#pragma once

#include <cstdint>

#include "engine/io/gguf.hpp"
#include "engine/model/config.hpp"

namespace brim::model {

struct TokenWork {
  std::int64_t layer_weights = 0;   ///< of matrices every token is multiplied with; of experts those in use
  std::int64_t output_weights = 0;  ///< of the output matrix, multiplied only where logits are needed
  std::int64_t bytes = 0;           ///< of both, as the file packs them: read for one generated token
};

TokenWork token_work(const io::Gguf& file, const Config& config);

}  // namespace brim::model

// What `brim quantize` will do with each tensor of a file, decided before anything is written.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/io/gguf.hpp"
#include "quant/mix.hpp"

namespace brim::apps {

struct QuantizePlan {
  /// One entry per tensor of the file, in its order.
  std::vector<quant::Choice> choices;
  int fallbacks = 0;               ///< tensors whose rows do not fit the format that the mix requested
  int requantized = 0;             ///< tensors that were packed with fewer than 16 bits and get another format
  std::uint64_t values = 0;        ///< over all tensors
  std::uint64_t bytes_before = 0;  ///< tensor data only
  std::uint64_t bytes_after = 0;
};

/// Reads the facts that the rules need from the metadata and chooses every tensor's format. A missing or unusual fact
/// counts as its default value: the rules then treat the model as an ordinary one.
QuantizePlan plan_quantize(const io::Gguf& model, quant::Mix mix, bool pure);

}  // namespace brim::apps

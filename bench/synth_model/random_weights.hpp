// Random tensors in any format at the speed of copying: a few thousand values are drawn and packed once, and a tensor
// is filled with pieces of them in random order. Suitable for measuring and for ordinary activations, not for anything
// that depends on trained weights.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/io/gguf_writer.hpp"
#include "quant/format.hpp"

namespace brim::bench {

class RandomWeights {
 public:
  /// The same seed gives the same weights on every machine, with any number of threads (at least 1).
  RandomWeights(std::uint64_t seed, int threads) : state_(seed), threads_(threads) {}

  /// Writes `count` values (a multiple of the format's block length) of this deviation to the writer: normal around 0;
  /// formats that cannot be packed get random levels of the same deviation.
  Status write_values(quant::Format format, std::int64_t count, float deviation, io::GgufWriter& writer);

  /// `count` values, normal around `mean`.
  std::vector<float> vector(std::int64_t count, float mean, float deviation);

 private:
  const std::vector<std::byte>& tiles(quant::Format format, float deviation);
  /// Reserves `count` draws; returns the state of the first one, for draw().
  std::uint64_t take(std::int64_t count);

  std::uint64_t state_;
  int threads_;
  std::map<std::pair<quant::Format, float>, std::vector<std::byte>> tiles_;
};

}  // namespace brim::bench

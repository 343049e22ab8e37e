// Token ids for prompts: always the same ones, and none of them is a control token. Each sequence has ids of its own.
#pragma once

#include <brim/brim.hpp>
#include <cstdint>
#include <vector>

namespace brim::apps::bench {

class PromptTokens {
 public:
  /// Finds ordinary tokens of the model's vocabulary by tokenising words made up at random, always the same ones.
  /// Throws brim::Exception, and Failure (2) for a vocabulary that makes no tokens from these words.
  PromptTokens(const Model& model, std::int64_t sequence);

  /// The next `count` ids of a sequence that looks random; restart() makes it begin again.
  std::vector<std::int32_t> take(std::int64_t count);
  void restart();

 private:
  std::vector<std::int32_t> ordinary_;
  std::uint64_t seed_, state_;
};

}  // namespace brim::apps::bench

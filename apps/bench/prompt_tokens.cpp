// See prompt_tokens.hpp. Speed hardly depends on which tokens are processed, except where they decide which experts are
// used. Therefore the prompt has many different tokens instead of one repeated token.
#include "apps/bench/prompt_tokens.hpp"

#include <algorithm>
#include <string>

#include "apps/commands.hpp"
#include "engine/base/splitmix64.hpp"

namespace brim::apps::bench {
namespace {

constexpr std::uint64_t kSeed = 20240229;

std::string random_words(int count) {
  std::string text;
  std::uint64_t state = kSeed;
  for (int word = 0; word < count; ++word) {
    const std::uint64_t letters = 1 + splitmix64(state) % 9;
    if (word > 0) text += ' ';
    for (std::uint64_t i = 0; i < letters; ++i) text += static_cast<char>('a' + splitmix64(state) % 26);
  }
  return text;
}

}  // namespace

PromptTokens::PromptTokens(const Model& model, std::int64_t sequence)
    : ordinary_(model.tokenize(random_words(5000), false, false)), seed_(kSeed + static_cast<std::uint64_t>(sequence)) {
  std::sort(ordinary_.begin(), ordinary_.end());
  ordinary_.erase(std::unique(ordinary_.begin(), ordinary_.end()), ordinary_.end());
  if (ordinary_.empty())
    throw Failure(2, "the model's vocabulary has no tokens for words, so there is nothing to read");
  restart();
}

void PromptTokens::restart() { state_ = seed_; }

std::vector<std::int32_t> PromptTokens::take(std::int64_t count) {
  std::vector<std::int32_t> ids(static_cast<std::size_t>(count));
  for (std::int32_t& id : ids) id = ordinary_[splitmix64(state_) % ordinary_.size()];
  return ids;
}

}  // namespace brim::apps::bench

// DRY, "don't repeat yourself" (p-e-w, 2024): a token that would continue a repetition of earlier text loses multiplier
// · base^(length − allowed_length), where `length` is how many tokens have been repeated so far. Breakers (line ends,
// quotes, names of speakers) end a repetition: nothing before the last one counts.
#include <algorithm>
#include <limits>

#include "engine/generate/samplers/sampler_kinds.hpp"

namespace brim::generate {
namespace {

// Longer repetitions are penalised like those of this many tokens beyond the allowed ones. Only with a base below 1.022
// can a repetition get this long before the penalty passes the largest float.
constexpr std::size_t kLongestExcess = 4096;

class Dry final : public Adjuster {
 public:
  explicit Dry(const SamplingOptions& options)
      : last_(options.dry_penalty_last_n),
        allowed_(static_cast<std::size_t>(options.dry_allowed_length)),
        breakers_(options.dry_breakers) {
    for (double penalty = options.dry_multiplier; penalties_.size() <= kLongestExcess; penalty *= options.dry_base) {
      penalties_.push_back(std::min<double>(penalty, std::numeric_limits<float>::max()));
      if (options.dry_base <= 1 || penalty > std::numeric_limits<float>::max()) break;
    }
    matches_.resize(allowed_ + penalties_.size());
    std::erase_if(breakers_, [](const auto& breaker) { return breaker.empty(); });
    std::sort(breakers_.begin(), breakers_.end());
    for (const auto& breaker : breakers_) longest_tail_ = std::max(longest_tail_, breaker.size() - 1);
  }

  void apply(std::span<float> logits, std::span<const TokenId> history,
             std::span<std::byte> scratch) noexcept override {
    if (last_ >= 0 && history.size() > static_cast<std::size_t>(last_)) {
      history = history.last(static_cast<std::size_t>(last_));
    }
    if (history.size() <= allowed_) return;
    const std::size_t limit = repeat_limit(history);
    if (limit < allowed_) return;
    longest_ = scratch_of<std::uint32_t>(scratch, logits.size());
    seen_ = scratch_of<TokenId>(scratch.subspan(longest_.size_bytes()), logits.size());
    for (const TokenId id : history) {
      if (known(id)) longest_[static_cast<std::size_t>(id)] = 0;
    }
    different_ = 0;
    find_repeats(history, limit);
    for (std::size_t index = 0; index < different_; ++index) {
      const auto id = static_cast<std::size_t>(seen_[index]);
      if (!breaks_alone(seen_[index])) logits[id] -= static_cast<float>(penalties_[longest_[id] - allowed_]);
    }
  }

 private:
  bool known(TokenId id) const noexcept { return id >= 0 && static_cast<std::size_t>(id) < longest_.size(); }

  // Breakers are never penalised themselves. Of those with the same first token, the one without a second is first.
  bool breaks_alone(TokenId id) const noexcept {
    const auto breaker = first_breaker(id);
    return breaker != breakers_.end() && breaker->front() == id && breaker->size() == 1;
  }

  // The longest repetition worth looking for: what follows the last breaker, and no more than has a penalty of its own.
  std::size_t repeat_limit(std::span<const TokenId> history) const noexcept {
    const std::size_t max = std::min(history.size(), allowed_ + penalties_.size() - 1);
    for (std::size_t after = 0; after < history.size(); ++after) {
      const std::size_t start = history.size() - 1 - after;  // a breaker may begin here, `after` tokens from the end
      std::size_t tail = 0;                                  // length of the longest that does, without its first token
      bool found = false;
      for (auto breaker = first_breaker(history[start]);
           breaker != breakers_.end() && breaker->front() == history[start]; ++breaker) {
        if (breaker->size() > after + 1) continue;
        if (!std::equal(breaker->begin(), breaker->end(), history.begin() + static_cast<std::ptrdiff_t>(start)))
          continue;
        tail = std::max(tail, breaker->size() - 1);
        found = true;
      }
      if (found) return std::min(max, after - tail);
      if (after >= max + longest_tail_) break;
    }
    return max;
  }

  std::vector<std::vector<TokenId>>::const_iterator first_breaker(TokenId head) const noexcept {
    return std::lower_bound(breakers_.begin(), breakers_.end(), head,
                            [](const std::vector<TokenId>& breaker, TokenId id) { return breaker.front() < id; });
  }

  // Reads the history backwards (place 0 is the newest token) and finds for every place how many tokens from there
  // agree with the newest ones, at most `limit`: the Z-algorithm, which looks at each token a bounded number of times.
  // The token that came after a matching place is the one that would continue the repetition.
  void find_repeats(std::span<const TokenId> history, std::size_t limit) noexcept {
    const std::size_t size = history.size();
    const auto at = [&](std::size_t place) { return history[size - 1 - place]; };
    std::size_t left = 0, right = 0;  // [left, right) is known to agree with [0, right − left)
    for (std::size_t place = 1; place < size; ++place) {
      std::size_t length = 0;
      bool known = false;
      if (place < right) {
        length = matches_[place - left];
        known = length < right - place;
        if (!known) length = right - place;
      }
      if (!known) {
        while (length < limit && place + length < size && at(length) == at(place + length)) ++length;
        left = place;
        right = place + length;
      }
      if (place < matches_.size()) matches_[place] = length;
      if (length >= allowed_) remember(at(place - 1), length);
    }
  }

  void remember(TokenId next, std::size_t length) noexcept {
    if (!known(next)) return;
    std::uint32_t& longest = longest_[static_cast<std::size_t>(next)];
    if (longest == 0) seen_[different_++] = next;
    longest = std::max(longest, static_cast<std::uint32_t>(length));
  }

  int last_;
  std::size_t allowed_;
  std::vector<std::vector<TokenId>> breakers_;  // sorted, none empty
  std::size_t longest_tail_ = 0;                // of a breaker, without its first token
  std::vector<double> penalties_;               // by how much longer than allowed
  std::vector<std::size_t> matches_;            // by place, for the places a match can look back to
  // Only during a call:
  std::span<std::uint32_t> longest_;  // by token id, of those in the history: the repetition it would continue
  std::span<TokenId> seen_;           // the ids whose `longest_` is not 0
  std::size_t different_ = 0;
};

}  // namespace

std::unique_ptr<Adjuster> make_dry(const SamplingOptions& options, std::int64_t) {
  if (options.dry_multiplier == 0 || options.dry_penalty_last_n == 0) return nullptr;
  return std::make_unique<Dry>(options);
}

}  // namespace brim::generate

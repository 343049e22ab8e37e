// The tokens that may still be chosen as the next one, as filters reduce them. They stay in the order of their ids
// until a filter requests the best ones in front. Every order here is total, so that equal logits give the same result
// on all machines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace brim::generate {

struct Candidate {
  std::int32_t id;
  float logit;
};

/// Borrows its memory, allocates nothing. One thread.
class Candidates {
 public:
  /// `items` and `weights`: one per token of the vocabulary; `scratch`: what filters may use while they run
  /// (sampling_memory.hpp).
  Candidates(std::span<Candidate> items, std::span<double> weights, std::span<std::byte> scratch) noexcept
      : items_(items), weights_(weights), scratch_(scratch) {}

  /// Every token with a finite logit, in the order of ids (`logits` is indexed by id; those beyond the vocabulary are
  /// left out). False when one is NaN or +inf.
  bool fill(std::span<const float> logits);

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const Candidate& operator[](std::size_t index) const { return items_[index]; }
  std::span<Candidate> all() { return {items_.data(), size_}; }

  /// The largest logit; at least one candidate must be left.
  float best_logit() const;
  /// Moves the best `count` (higher logit first, then lower id) to the front, in order.
  void sort_first(std::size_t count);
  /// Drops all but the first `count`.
  void keep_first(std::size_t count);
  /// Must be called after writing through all(): the order is then unknown.
  void reordered() { sorted_ = 0; }

  /// Keeps the candidates for which `keep(candidate)` holds, in their order.
  template <class Keep>
  void keep_if(Keep keep) {
    std::size_t kept = 0, kept_sorted = 0;
    for (std::size_t index = 0; index < size_; ++index) {
      if (!keep(items_[index])) continue;
      items_[kept++] = items_[index];
      if (index < sorted_) kept_sorted = kept;
    }
    size_ = kept;
    sorted_ = kept_sorted;
  }

  /// Computes e^(logit − best) of every candidate into weights() and returns their sum (≥ 1).
  double weigh();
  /// As weigh() left them, in the candidates' order of that moment.
  std::span<const double> weights() const { return weights_.first(size_); }
  std::span<std::byte> scratch() const { return scratch_; }

 private:
  std::span<Candidate> items_;
  std::span<double> weights_;
  std::span<std::byte> scratch_;
  std::size_t size_ = 0;
  std::size_t sorted_ = 0;  // so many in front are the best, in order
};

}  // namespace brim::generate

// How the memory that the executor lends for picking one token is used. Nothing in it outlives the pick.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/generate/candidates.hpp"
#include "engine/run/sampling_memory.hpp"

namespace brim::generate {

/// Bytes per token of the vocabulary that each step of the chain may use while it runs; their content is undefined.
inline constexpr std::size_t kScratchBytes = 24;

/// Borrows `bytes`: at least run::sampling_memory(vocabulary).
class SamplingMemory {
 public:
  SamplingMemory(std::span<std::byte> bytes, std::size_t vocabulary) noexcept : rest_(bytes) {
    logits = cut<float>(vocabulary);
    candidates = cut<Candidate>(vocabulary);
    weights = cut<double>(vocabulary);
    scratch = std::as_writable_bytes(cut<double>(vocabulary * kScratchBytes / sizeof(double)));
    static_assert(sizeof(float) + sizeof(Candidate) + sizeof(double) + kScratchBytes == run::kSamplingBytes);
  }

  std::span<float> logits;          ///< as the adjusters change them, by token id
  std::span<Candidate> candidates;  ///< what Candidates keeps
  std::span<double> weights;        ///< the same
  std::span<std::byte> scratch;     ///< kScratchBytes per token

 private:
  static constexpr std::size_t kAlignment = 64;

  template <class T>
  std::span<T> cut(std::size_t count) noexcept {
    const std::size_t unaligned = reinterpret_cast<std::uintptr_t>(rest_.data()) % kAlignment;
    rest_ = rest_.subspan(unaligned == 0 ? 0 : kAlignment - unaligned);
    const std::span<T> part(reinterpret_cast<T*>(rest_.data()), count);
    rest_ = rest_.subspan(part.size_bytes());
    return part;
  }

  std::span<std::byte> rest_;
};

/// The first `count` values of a step's scratch.
template <class T>
std::span<T> scratch_of(std::span<std::byte> scratch, std::size_t count) noexcept {
  return {reinterpret_cast<T*>(scratch.data()), count};
}

}  // namespace brim::generate

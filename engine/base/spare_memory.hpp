// Heap memory that is kept for the moment when there is no other: for work that allocates as it goes, and that was promised to
// succeed. Given back to the allocator for the length of that work, and taken again afterwards.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <vector>

#include "engine/base/result.hpp"

namespace brim {

/// Owns blocks of the program's heap; movable, not copyable. One thread at a time. Its pages are never touched: it holds
/// address space and what the system's limits count, not memory that is in use.
class SpareMemory {
 public:
  /// Takes `bytes`, about. Errors: out_of_memory.
  static Result<SpareMemory> take(std::size_t bytes);
  SpareMemory() = default;

  /// Gives the blocks back while it lives, and takes as many again as are available when it goes. They nest: the outermost one
  /// does both. It must not outlive the memory, which must not be moved meanwhile.
  class Release {
   public:
    explicit Release(SpareMemory& memory) noexcept : memory_(memory) {
      if (memory_.releases_++ == 0) memory_.release();
    }
    ~Release() {
      if (--memory_.releases_ == 0) memory_.retake();
    }
    Release(const Release&) = delete;
    Release& operator=(const Release&) = delete;

   private:
    SpareMemory& memory_;
  };
  std::size_t held() const noexcept { return held_ * block_bytes_; }
  /// Holds about `bytes` from now on, but never more than was taken at first: gives back what is too much, takes what is available
  /// of what is missing. Within a release, when that ends.
  void keep(std::size_t bytes) noexcept;
  /// Whether its blocks are given back now.
  bool released() const noexcept { return releases_ > 0; }

 private:
  void release() noexcept;
  void retake() noexcept;

  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::size_t block_bytes_ = 0;
  std::size_t held_ = 0;    ///< so many of the blocks, the first ones
  std::size_t wanted_ = 0;  ///< so many are to be held
  int releases_ = 0;      ///< that are in force, one inside the other
};

/// Runs work(), which returns a Result and changes nothing where it fails for want of memory; then once more on what `spare`
/// gives back. Inside other work on what `spare` gave back there is no more: once.
template <class Work>
auto with_spare(SpareMemory& spare, Work&& work) -> decltype(work()) {
  if (spare.released()) return work();
  try {
    auto result = work();
    if (result.ok() || result.error().code != ErrorCode::out_of_memory) return result;
  } catch (const std::bad_alloc&) {
    // As an error that says so.
  }
  const SpareMemory::Release released(spare);
  return work();
}

}  // namespace brim

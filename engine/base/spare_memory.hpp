// Heap memory that is kept for the case that no other is left: for work that allocates as it runs, and that was
// promised to succeed. It is given back to the allocator during that work, and taken again afterwards.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <vector>

#include "engine/base/result.hpp"

namespace brim {

/// Owns blocks of the program's heap; movable, not copyable. One thread at a time. Its pages are never touched: it
/// holds address space and counts towards the system's limits, but does not use physical memory.
class SpareMemory {
 public:
  /// Takes about `bytes` bytes. Errors: out_of_memory.
  static Result<SpareMemory> take(std::size_t bytes);
  SpareMemory() = default;

  /// Gives the blocks back during its lifetime, and takes as many again as are available when it ends. Releases nest:
  /// the outermost one does both. It must not outlive the memory, which must not be moved meanwhile.
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
  /// Holds about `bytes` from now on, but never more than was taken at first: gives back the surplus, takes what is
  /// available of the rest. During a release, this happens when that ends.
  void keep(std::size_t bytes) noexcept;
  /// Whether its blocks are given back now.
  bool released() const noexcept { return releases_ > 0; }

 private:
  void release() noexcept;
  void retake() noexcept;

  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::size_t block_bytes_ = 0;
  std::size_t held_ = 0;    ///< how many of the blocks are held, the first ones
  std::size_t wanted_ = 0;  ///< how many should be held
  int releases_ = 0;        ///< number of nested releases
};

/// Runs work(), which returns a Result and changes nothing where it fails for lack of memory; then, in that case, once
/// more with the memory that `spare` gives back. Inside other work that already uses this memory there is no more: it
/// runs once.
template <class Work>
auto with_spare(SpareMemory& spare, Work&& work) -> decltype(work()) {
  if (spare.released()) return work();
  try {
    auto result = work();
    if (result.ok() || result.error().code != ErrorCode::out_of_memory) return result;
  } catch (const std::bad_alloc&) {
    // Treated like a result with out_of_memory.
  }
  const SpareMemory::Release released(spare);
  return work();
}

}  // namespace brim

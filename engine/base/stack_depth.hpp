// How far the stack has grown since an object was created: a bound for recursion over untrusted input that holds
// whatever frame sizes a build has.
#pragma once

#include <cstddef>
#include <cstdint>

namespace brim {

/// How many times larger frames are in this build than in others: the address sanitizer puts room around every local.
#if defined(__SANITIZE_ADDRESS__)
#define BRIM_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BRIM_ADDRESS_SANITIZER 1
#endif
#endif
#if defined(BRIM_ADDRESS_SANITIZER)
inline constexpr std::size_t kFrameScale = 8;
#else
inline constexpr std::size_t kFrameScale = 1;
#endif

/// Created where the recursion begins; called on the same thread by the functions below it.
class StackDepth {
 public:
  /// `max_bytes`: how much stack the recursion may take.
  explicit StackDepth(std::size_t max_bytes) : start_(here()), max_bytes_(max_bytes) {}

  /// Whether the calling function's frame lies more than `max_bytes` below the start.
  bool exceeded() const { return used() > max_bytes_; }
  /// Bytes between the start and the calling function's frame.
  std::size_t used() const {
    const std::uintptr_t now = here();
    return now < start_ ? start_ - now : now - start_;
  }

 private:
  // The frame itself, not the address of a local: the address sanitizer keeps locals elsewhere.
  [[gnu::always_inline]] static std::uintptr_t here() {
    return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  }

  std::uintptr_t start_;
  std::size_t max_bytes_;
};

}  // namespace brim

// The memory of one session: a single mapping, reserved and touched when the session is created, so that nothing can
// fail later. The machine's limits are checked first (Linux would grant the mapping and kill the process afterwards).
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "engine/base/result.hpp"

namespace brim {

/// Owns one anonymous mapping; movable, not copyable. `take` returns disjoint ranges of the mapping.
class Arena {
 public:
  /// Whether every page is made resident at once, or by the owner: piece by piece with touch(), or by writing to the
  /// whole arena.
  enum class Touch { now, by_owner };
  /// Maps `bytes` (rounded up to a page) for `owner` ("a session"). Errors: out_of_memory with the owner, the requested
  /// size and the available size.
  static Result<Arena> create(std::size_t bytes, std::string_view owner = "a session", Touch when = Touch::now);

  /// The size that create() maps for this many bytes.
  static std::size_t whole_pages(std::size_t bytes);

  Arena() = default;
  Arena(Arena&& other) noexcept;
  Arena& operator=(Arena&& other) noexcept;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  /// Makes bytes [first, first + bytes) resident, except those beyond the end. Threads may touch different pieces at
  /// the same time. Returns 0, or the errno value for why the system has no more pages.
  int touch(std::size_t first, std::size_t bytes) const noexcept;

  /// The next `bytes` bytes, 64-byte aligned and zero; an empty span when the rest of the arena is too small.
  std::span<std::byte> take(std::size_t bytes);
  std::size_t size() const { return size_; }
  std::size_t used() const { return used_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t used_ = 0;
};

}  // namespace brim

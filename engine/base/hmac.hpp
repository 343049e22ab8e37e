// HMAC-SHA-256 (RFC 2104): shows that bytes were written by who has the key.
#pragma once

#include <cstddef>
#include <span>

#include "engine/base/sha256.hpp"

namespace brim {

/// Collects bytes and gives their code. Allocates nothing.
class HmacSha256 {
 public:
  static constexpr std::size_t kBlock = 64;  ///< bytes; a longer key is replaced by its digest

  explicit HmacSha256(std::span<const std::byte> key) noexcept;
  void add(std::span<const std::byte> bytes) noexcept { inner_.add(bytes); }
  /// Ends the collection.
  Sha256::Digest finish() noexcept;

 private:
  std::array<std::byte, kBlock> key_{};
  Sha256 inner_;
};

/// In a time that does not depend on where they differ.
bool equal_codes(std::span<const std::byte> one, std::span<const std::byte> other) noexcept;

}  // namespace brim

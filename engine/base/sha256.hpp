// SHA-256 (FIPS 180-4): names content, so that two files with the same name have the same bytes even where an attacker
// chose them. With the SHA instructions of x86 a core processes about 2 GB/s, without them .3.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace brim {

/// Collects bytes and gives their digest. Allocates nothing.
class Sha256 {
 public:
  using Digest = std::array<std::byte, 32>;

  void add(std::span<const std::byte> bytes) noexcept;
  /// The digest of all bytes so far. Ends the collection.
  Digest finish() noexcept;

 private:
  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::byte, 64> block_{};  ///< the bytes that do not fill a block yet
  std::size_t filled_ = 0;
  std::uint64_t bytes_ = 0;
};

Sha256::Digest sha256(std::span<const std::byte> bytes) noexcept;
/// 64 lower-case hexadecimal digits.
std::string hex(const Sha256::Digest& digest);

}  // namespace brim

// See hmac.hpp.
#include "engine/base/hmac.hpp"

#include <algorithm>

namespace brim {
namespace {

std::array<std::byte, HmacSha256::kBlock> masked(std::array<std::byte, HmacSha256::kBlock> key, unsigned char mask) {
  for (std::byte& byte : key) byte ^= std::byte{mask};
  return key;
}

}  // namespace

HmacSha256::HmacSha256(std::span<const std::byte> key) noexcept {
  if (key.size() > kBlock) {
    const Sha256::Digest digest = sha256(key);
    std::copy(digest.begin(), digest.end(), key_.begin());
  } else {
    std::copy(key.begin(), key.end(), key_.begin());
  }
  inner_.add(masked(key_, 0x36));
}

Sha256::Digest HmacSha256::finish() noexcept {
  const Sha256::Digest inner = inner_.finish();
  Sha256 outer;
  outer.add(masked(key_, 0x5c));
  outer.add(inner);
  return outer.finish();
}

bool equal_codes(std::span<const std::byte> one, std::span<const std::byte> other) noexcept {
  if (one.size() != other.size()) return false;
  std::byte different{};
  for (std::size_t i = 0; i < one.size(); ++i) different |= one[i] ^ other[i];
  return different == std::byte{};
}

}  // namespace brim

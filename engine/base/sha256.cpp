// See sha256.hpp.
#include "engine/base/sha256.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/base/sha256_blocks.hpp"

namespace brim {
namespace {

constexpr std::size_t kBlock = 64;

std::uint32_t big_endian_word(const std::byte* bytes) noexcept {
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < 4; ++i) word = word << 8 | std::to_integer<std::uint32_t>(bytes[i]);
  return word;
}

void add_block(std::uint32_t* state, const std::byte* block) noexcept {
  std::uint32_t w[64];
  for (std::size_t i = 0; i < 16; ++i) w[i] = big_endian_word(block + 4 * i);
  for (std::size_t i = 16; i < 64; ++i) {
    const std::uint32_t s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
    const std::uint32_t s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  auto [a, b, c, d, e, f, g, h] =
      std::array<std::uint32_t, 8>{state[0], state[1], state[2], state[3], state[4], state[5], state[6], state[7]};
  for (std::size_t i = 0; i < 64; ++i) {
    const std::uint32_t sum1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25), choice = (e & f) ^ (~e & g);
    const std::uint32_t first = h + sum1 + choice + kSha256Rounds[i] + w[i];
    const std::uint32_t sum0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
    const std::uint32_t second = sum0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + first, d = c, c = b, b = a, a = first + second;
  }
  const std::uint32_t sums[] = {a, b, c, d, e, f, g, h};
  for (std::size_t i = 0; i < 8; ++i) state[i] += sums[i];
}

void add_blocks(std::uint32_t* state, const std::byte* data, std::size_t blocks) noexcept {
  static const Sha256Blocks fast = sha256_instructions();
  if (fast != nullptr) return fast(state, data, blocks);
  for (; blocks > 0; --blocks, data += kBlock) add_block(state, data);
}

}  // namespace

void Sha256::add(std::span<const std::byte> bytes) noexcept {
  bytes_ += bytes.size();
  if (filled_ > 0) {
    const std::size_t more = std::min(kBlock - filled_, bytes.size());
    std::memcpy(block_.data() + filled_, bytes.data(), more);
    filled_ += more;
    bytes = bytes.subspan(more);
    if (filled_ < kBlock) return;
    add_blocks(state_.data(), block_.data(), 1);
    filled_ = 0;
  }
  add_blocks(state_.data(), bytes.data(), bytes.size() / kBlock);
  const auto rest = bytes.last(bytes.size() % kBlock);
  if (!rest.empty()) std::memcpy(block_.data(), rest.data(), rest.size());
  filled_ = rest.size();
}

Sha256::Digest Sha256::finish() noexcept {
  // A bit 1, zeros up to eight bytes before a block's end, and the number of bits, big-endian.
  const std::uint64_t bits = bytes_ * 8;
  std::array<std::byte, 2 * kBlock> padding{std::byte{0x80}};
  const std::size_t size = (filled_ < kBlock - 8 ? kBlock : 2 * kBlock) - filled_;
  for (std::size_t i = 0; i < 8; ++i) padding[size - 1 - i] = static_cast<std::byte>(bits >> 8 * i);
  add(std::span(padding).first(size));
  Digest digest;
  for (std::size_t i = 0; i < digest.size(); ++i)
    digest[i] = static_cast<std::byte>(state_[i / 4] >> (24 - 8 * (i % 4)));
  return digest;
}

Sha256::Digest sha256(std::span<const std::byte> bytes) noexcept {
  Sha256 sha;
  sha.add(bytes);
  return sha.finish();
}

std::string hex(const Sha256::Digest& digest) {
  std::string text;
  for (const std::byte byte : digest) {
    for (const int shift : {4, 0}) text += "0123456789abcdef"[std::to_integer<unsigned>(byte) >> shift & 15];
  }
  return text;
}

}  // namespace brim

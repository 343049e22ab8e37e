// See sha256.hpp. The round constants are the first 32 bits of the fractional parts of the cube roots of the first 64
// primes, the initial state those of the square roots of the first 8: computed here in integers instead of listed.
#include "tests/support/sha256.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

namespace brim::test {
namespace {

__extension__ using Wide = unsigned __int128;

// floor(root * 2^32) mod 2^32, where root^power = prime.
std::uint32_t fraction_of_root(std::uint32_t prime, int power) {
  std::uint64_t root = 0;
  for (int bit = 36; bit >= 0; --bit) {
    const std::uint64_t trial = root | std::uint64_t{1} << bit;
    // trial^power <= prime * 2^(32 * power); for cubes the last factor is compared by division to stay in 128 bits.
    const Wide square = Wide{trial} * trial;
    const bool fits = power == 2 ? square <= Wide{prime} << 64 : square <= (Wide{prime} << 96) / trial;
    if (fits) root = trial;
  }
  return static_cast<std::uint32_t>(root);
}

std::array<std::uint32_t, 64> roots_of_primes(int power) {
  std::array<std::uint32_t, 64> roots{};
  std::size_t count = 0;
  for (std::uint32_t n = 2; count < roots.size(); ++n) {
    bool prime = true;
    for (std::uint32_t d = 2; d * d <= n; ++d) prime = prime && n % d != 0;
    if (prime) roots[count++] = fraction_of_root(n, power);
  }
  return roots;
}

void add_block(std::array<std::uint32_t, 8>& state, const std::byte* block) {
  static const std::array<std::uint32_t, 64> constants = roots_of_primes(3);
  std::array<std::uint32_t, 64> w{};
  for (std::size_t i = 0; i < 16; ++i) {
    for (std::size_t j = 0; j < 4; ++j) w[i] = w[i] << 8 | std::to_integer<std::uint32_t>(block[4 * i + j]);
  }
  for (std::size_t i = 16; i < 64; ++i) {
    const std::uint32_t a = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
    const std::uint32_t b = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + a + w[i - 7] + b;
  }
  auto s = state;
  for (std::size_t i = 0; i < 64; ++i) {
    const std::uint32_t one = std::rotr(s[4], 6) ^ std::rotr(s[4], 11) ^ std::rotr(s[4], 25);
    const std::uint32_t first = s[7] + one + ((s[4] & s[5]) ^ (~s[4] & s[6])) + constants[i] + w[i];
    const std::uint32_t zero = std::rotr(s[0], 2) ^ std::rotr(s[0], 13) ^ std::rotr(s[0], 22);
    const std::uint32_t second = zero + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    s = {first + second, s[0], s[1], s[2], s[3] + first, s[4], s[5], s[6]};
  }
  for (std::size_t i = 0; i < 8; ++i) state[i] += s[i];
}

}  // namespace

std::string sha256_hex(std::span<const std::byte> data) {
  const auto roots = roots_of_primes(2);
  std::array<std::uint32_t, 8> state{};
  for (std::size_t i = 0; i < 8; ++i) state[i] = roots[i];
  std::vector<std::byte> padded(data.begin(), data.end());
  padded.push_back(std::byte{0x80});
  while (padded.size() % 64 != 56) padded.push_back(std::byte{0});
  for (int shift = 56; shift >= 0; shift -= 8)
    padded.push_back(static_cast<std::byte>((std::uint64_t{data.size()} * 8) >> shift & 0xFF));
  for (std::size_t i = 0; i < padded.size(); i += 64) add_block(state, padded.data() + i);
  std::string hex;
  for (const std::uint32_t word : state) {
    for (int shift = 28; shift >= 0; shift -= 4) hex += "0123456789abcdef"[word >> shift & 15];
  }
  return hex;
}

}  // namespace brim::test

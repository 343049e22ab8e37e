// See keyed_hash.hpp.
#include "platform/keyed_hash.hpp"

#include <array>
#include <bit>
#include <cstring>

#include "platform/random_bytes.hpp"

namespace brim {
namespace {

struct State {
  std::uint64_t a, b, c, d;

  void round() {
    a += b;
    b = std::rotl(b, 13) ^ a;
    a = std::rotl(a, 32);
    c += d;
    d = std::rotl(d, 16) ^ c;
    a += d;
    d = std::rotl(d, 21) ^ a;
    c += b;
    b = std::rotl(b, 17) ^ c;
    c = std::rotl(c, 32);
  }
};

HashKey draw_key() {
  HashKey key{0x9E3779B97F4A7C15u, 0xD1B54A32D192ED03u};  // if the system gives none: as good as a fixed hash
  if (std::array<std::byte, 16> secret; platform::process_secret(secret)) {
    std::memcpy(&key.first, secret.data(), sizeof key.first);
    std::memcpy(&key.second, secret.data() + sizeof key.first, sizeof key.second);
  }
  // The C library uses the same bytes: values computed here reveal nothing about them.
  return {siphash("brim hash key 1", key), siphash("brim hash key 2", key)};
}

std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  __extension__ typedef unsigned __int128 Wide;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

const HashKey& HashKey::of_process() {
  static const HashKey key = draw_key();
  return key;
}

std::uint64_t siphash(std::string_view bytes, const HashKey& key) {
  State state{key.first ^ 0x736F6D6570736575u, key.second ^ 0x646F72616E646F6Du, key.first ^ 0x6C7967656E657261u,
              key.second ^ 0x7465646279746573u};
  const auto take = [&](std::uint64_t word) {
    state.d ^= word;
    state.round();
    state.a ^= word;
  };
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, 8);
    take(word);
  }
  std::uint64_t last = static_cast<std::uint64_t>(bytes.size()) << 56;
  for (std::size_t i = 0; at + i < bytes.size(); ++i) {
    last |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  }
  take(last);
  state.c ^= 0xFF;
  for (int i = 0; i < 3; ++i) state.round();
  return state.a ^ state.b ^ state.c ^ state.d;
}

std::uint64_t keyed_hash(std::string_view bytes) { return siphash(bytes, HashKey::of_process()); }

std::uint64_t keyed_hash(std::uint64_t number) {
  // Two multiplications by secret odd numbers, each folding the high half onto the low one.
  const HashKey& key = HashKey::of_process();
  return fold(fold(number ^ key.first, key.second | 1) ^ key.second, key.first | 1);
}

}  // namespace brim

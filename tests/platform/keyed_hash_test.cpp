// The hash for which no file can be prepared: SipHash-1-3, compared with the numbers that CPython 3.11 gives for the
// key 0.
#include "platform/keyed_hash.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace brim;

TEST_CASE("SipHash-1-3 with the key 0") {
  CHECK(siphash("a", {}) == 0x407448D2B89B1813u);
  CHECK(siphash("abcdefg", {}) == 0x6DB12AAE9070F506u);
  CHECK(siphash("abcdefgh", {}) == 0x3F7B849C0B8E35EAu);
  CHECK(siphash("the quick brown fox", {}) == 0x5A17575AD3449CBAu);
}

TEST_CASE("the key, every byte and the length count") {
  const std::string text = "abcdefghijk";
  const HashKey key{1, 2};
  std::set<std::uint64_t> hashes = {siphash(text, key), siphash(text, {1, 3}), siphash(text, {2, 2})};
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] = 'X';
    hashes.insert(siphash(other, key));
    hashes.insert(siphash(text.substr(0, i), key));
  }
  hashes.insert(siphash(text + std::string(1, '\0'), key));
  CHECK(hashes.size() == 4 + 2 * text.size());
}

TEST_CASE("one process has one key, that is not zero, and numbers spread") {
  CHECK(keyed_hash("abc") == siphash("abc", HashKey::of_process()));
  CHECK((HashKey::of_process().first | HashKey::of_process().second) != 0);
  std::set<std::uint64_t> low;
  for (std::uint64_t i = 0; i < 4096; ++i) low.insert(keyed_hash(i << 32) & 4095);
  CHECK(low.size() > 2000);  // of 4096 places; random values take 63 %
}

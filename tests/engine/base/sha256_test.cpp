// SHA-256: the values of FIPS 180-4's examples, and every length and split compared with the tests' own version, which
// computes its constants.
#include "engine/base/sha256.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/sha256.hpp"

using namespace brim;

namespace {

std::string hash(std::string_view text) { return hex(sha256(std::as_bytes(std::span(text.data(), text.size())))); }

}  // namespace

TEST_CASE("the digests of the standard's examples") {
  CHECK(hash("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST_CASE("bytes give the same digest however they are cut") {
  std::vector<std::byte> bytes(300);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 7 + i / 3);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const auto part = std::span(bytes).first(size);
    const std::string expected = test::sha256_hex(part);
    REQUIRE(hex(sha256(part)) == expected);
    Sha256 pieces;
    for (std::size_t at = 0; at < size; at += 37) pieces.add(part.subspan(at, std::min<std::size_t>(37, size - at)));
    REQUIRE(hex(pieces.finish()) == expected);
  }
}

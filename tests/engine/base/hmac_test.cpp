// HMAC-SHA-256 against the cases of RFC 4231.
#include "engine/base/hmac.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace hmac_test {

std::string code(std::string_view key, std::string_view text) {
  brim::HmacSha256 code(std::as_bytes(std::span(key)));
  code.add(std::as_bytes(std::span(text)));
  return brim::hex(code.finish());
}

TEST_CASE("HMAC-SHA-256 gives the codes of RFC 4231") {
  CHECK(code(std::string(20, '\x0b'), "Hi There") ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(code("Jefe", "what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(code(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First") ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("codes are equal where all of their bytes are") {
  const brim::Sha256::Digest one = brim::sha256({});
  for (std::size_t i = 0; i < one.size(); ++i) {
    brim::Sha256::Digest other = one;
    other[i] ^= std::byte{1};
    CHECK(!brim::equal_codes(one, other));
  }
  CHECK(brim::equal_codes(one, one));
  CHECK(!brim::equal_codes(one, std::span(one).first(31)));
}

}  // namespace hmac_test

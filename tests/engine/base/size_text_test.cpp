#include "engine/base/size_text.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace brim;

TEST_CASE("sizes are read in all their spellings") {
  const auto size = [](std::string_view text) { return parse_size(text).value(); };
  CHECK(size("0") == 0);
  CHECK(size("812") == 812);
  CHECK(size("812B") == 812);
  CHECK(size("812 b") == 812);
  CHECK(size("3K") == 3072);
  CHECK(size("3KiB") == 3072);
  CHECK(size("3kib") == 3072);
  CHECK(size("3KB") == 3000);
  CHECK(size("64MiB") == 64u << 20);
  CHECK(size("64 MiB") == 64u << 20);
  CHECK(size("64m") == 64u << 20);
  CHECK(size("64MB") == 64000000);
  CHECK(size("1.5GiB") == 3u << 29);
  CHECK(size("1.5GB") == 1500000000);
  CHECK(size("0.1GiB") == 107374182);  // rounded down
  CHECK(size("2T") == std::size_t{2} << 40);
  CHECK(size("1.0000000000000000000000001K") == 1024);
  CHECK(size("9223372036854775808") == std::size_t{1} << 63);
  CHECK(size("8E") == std::size_t{1} << 63);
}

TEST_CASE("what is not a size is refused by name") {
  for (const char* text : {"",
                           "B",
                           "MiB",
                           "-1",
                           "+1",
                           " 1",
                           "1 ",
                           "1.",
                           ".5",
                           "1.5.5",
                           "1x",
                           "1MiBs",
                           "1 Mi",
                           "1iB",
                           "1e3",
                           "0x10",
                           "1,5",
                           "ten",
                           "9223372036854775809",
                           "8.1E",
                           "99999999999999999999999999",
                           "16E",
                           "20%",
                           "1Ki\xff"}) {
    CAPTURE(std::string(text));
    const auto size = parse_size(text);
    REQUIRE_FALSE(size.ok());
    CHECK(size.error().code == ErrorCode::invalid_argument);
  }
  CHECK(parse_size("1x").error().sentence.find("'1x'") != std::string::npos);
}

TEST_CASE("sizes are written with a unit that fits") {
  CHECK(size_text(0) == "0 B");
  CHECK(size_text(1023) == "1023 B");
  CHECK(size_text(1024) == "1.0 KiB");
  CHECK(size_text(3277) == "3.2 KiB");
  CHECK(size_text(64u << 20) == "64.0 MiB");
  CHECK(size_text((1u << 20) - 1) == "1.0 MiB");
  CHECK(size_text(3u << 29) == "1.50 GiB");
  CHECK(size_text(std::size_t{5} << 40) == "5.00 TiB");
  CHECK(size_text(std::numeric_limits<std::size_t>::max()) == "16.00 EiB");
}

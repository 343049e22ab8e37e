// Numbers in text: what is a number and what is not, and how sentences show numbers, also under a locale that writes
// 1.234,5.
#include "engine/base/number_text.hpp"

#include <doctest/doctest.h>

#include <clocale>
#include <cstdint>
#include <limits>
#include <locale>
#include <string>

#include "engine/base/result.hpp"
#include "engine/base/size_text.hpp"

using namespace brim;

namespace {

struct CommaAndGroups : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
  std::string do_truename() const override { return "wahr"; }
};

// A host program that uses another locale, as C++ and as C know it.
class HostLocale {
 public:
  HostLocale() : before_(std::locale::global(std::locale(std::locale::classic(), new CommaAndGroups))) {
    for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"}) {
      if (std::setlocale(LC_ALL, name) != nullptr) break;  // if one is installed
    }
  }
  ~HostLocale() {
    std::locale::global(before_);
    std::setlocale(LC_ALL, "C");
  }

 private:
  std::locale before_;
};

}  // namespace

TEST_CASE("integers are decimal, whole, and nothing beside") {
  CHECK(parse_integer<int>("010") == 10);
  CHECK(parse_integer<int>("0") == 0);
  CHECK(parse_integer<int>("-7") == -7);
  CHECK(parse_integer<std::uint64_t>("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
  for (const char* text : {"", " 1", "1 ", "+1", "1.0", "1e3", "0x10", "1,000", "1_000", "abc", "-", "99999999999"}) {
    INFO(text);
    CHECK_FALSE(parse_integer<std::int32_t>(text));
  }
  CHECK_FALSE(parse_integer<std::uint64_t>("18446744073709551616"));
  CHECK_FALSE(parse_integer<std::uint64_t>("-1"));
}

TEST_CASE("numbers are finite and whole texts") {
  CHECK(parse_number("0.5") == 0.5);
  CHECK(parse_number("-2") == -2);
  CHECK(parse_number("1e30") == 1e30);
  CHECK(parse_number("007.5") == 7.5);
  CHECK(parse_number(".5") == 0.5);
  CHECK(parse_number("5.") == 5);
  CHECK(parse_number("-0") == 0);
  for (const char* text : {"1e-400", "-1e-400", "0.1e-99999", "1E-999999999999999999999"}) {
    INFO(text);
    CHECK(parse_number(text) == 0);  // the closest double
  }
  CHECK(parse_number("0." + std::string(400, '0') + "1") == 0);
  CHECK_FALSE(parse_number(std::string(400, '9')));
  CHECK_FALSE(parse_number(std::string(400, '9') + ".5"));
  for (const char* text : {"", "1e999", "inf", "-inf", "nan", "0,5", "1.000,5", "0x10", "1_000", "\u0661", "1e+999",
                           "1e-", "1e-400 ", "1e-400x", "5 ", " 5", "+5", "five", "."}) {
    INFO(text);
    CHECK_FALSE(parse_number(text));
  }
}

TEST_CASE("sentences show numbers as in the C locale") {
  CHECK(number_text(0.8) == "0.8");
  CHECK(number_text(1e30) == "1e+30");
  CHECK(number_text(1234567.0) == "1.23457e+06");
  CHECK(number_text(std::numeric_limits<double>::infinity()) == "inf");
  CHECK(fixed_text(64, 1) == "64.0");
  CHECK(fixed_text(1e300, 0).size() == 301);
  CHECK(sentence("a", 'b', 1234567, " ", -5L, " ", 0.25f, " ", true, std::string(" x")) == "ab1234567 -5 0.25 true x");
}

TEST_CASE("the host's locale changes neither sentences nor what a number is") {
  const HostLocale host;
  CHECK(sentence(1234567, " of ", 1.5, " ", true) == "1234567 of 1.5 true");
  CHECK(error(ErrorCode::io, "found ", 1000000).sentence == "found 1000000");
  CHECK(size_text(1536) == "1.5 KiB");
  CHECK(size_text(std::size_t{3} << 29) == "1.50 GiB");
  CHECK(exact_size_text(1048576) == "1.0 MiB (1048576 bytes)");
  CHECK(parse_size("1.5KiB").value() == 1536);
  CHECK_FALSE(parse_size("1,5KiB"));
  CHECK(parse_number("1.5") == 1.5);
  CHECK_FALSE(parse_number("1,5"));
  CHECK(parse_integer<int>("1000") == 1000);
  CHECK_FALSE(parse_integer<int>("1.000"));
}

// Values of options: which numbers are accepted, and that the sentence about an invalid one is consistent, in any
// locale.
#include "engine/api/options.hpp"

#include <doctest/doctest.h>

#include <locale>
#include <string>

#include "engine/api/option_table.hpp"

using namespace brim;

namespace {

std::string refusal(const std::string& key, const std::string& value) {
  const auto options = api::session_options({{key, value}});
  return options ? "taken" : options.error().sentence;
}

struct CommaAndGroups : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

}  // namespace

TEST_CASE("numbers: decimal, whole where whole ones are meant, and all that their type holds") {
  CHECK(api::session_options({{"limit", "010"}})->limit == 10);
  CHECK(api::session_options({{"context", "0100"}})->sequence.context == 100);
  CHECK(api::session_options({{"seed", "18446744073709551615"}})->sampling.seed == ~std::uint64_t{0});
  CHECK(api::session_options({{"temperature", "00.5"}})->sampling.temperature == 0.5);
  CHECK(api::model_options({{"threads", "08"}})->threads == 8);
  CHECK(refusal("seed", "18446744073709551616") ==
        "option seed: expected a whole number from 0 to 18446744073709551615, found '18446744073709551616'");
  CHECK(refusal("context", "2147483648") ==
        "option context: expected a whole number from 1 to 2147483647, found '2147483648'");
  CHECK(refusal("top_k", "99999999999") ==
        "option top_k: expected a whole number from -1 to 2147483647, found '99999999999'");
  CHECK(refusal("top_k", "-5") == "option top_k: expected a whole number from -1 to 2147483647, found '-5'");
  CHECK(refusal("dry_allowed_length", "0") ==
        "option dry_allowed_length: expected a whole number from 1 to 1048576, found '0'");
  CHECK(refusal("temperature", "1e999") == "option temperature: expected a number, found '1e999'");
}

TEST_CASE("a refused number is shown as it was written, with both bounds") {
  CHECK(refusal("repeat_penalty", "1e30") ==
        "repeat_penalty is 1e30; it must be from 0.000001 to 1000000, where 1 is off");
  CHECK(refusal("repeat_penalty", "0") == "repeat_penalty is 0; it must be from 0.000001 to 1000000, where 1 is off");
  CHECK(refusal("temperature", "1e31") ==
        "temperature is 1e31; it must be from 0 (always the most likely token) to 1e30");
  CHECK(refusal("top_p", "1.00001") == "top_p is 1.00001; it must be from 0 to 1, where 1 is off");
  CHECK(refusal("temperature", "1e30") == "taken");
}

TEST_CASE("biases: at most what a float holds, and no second sign") {
  for (const char* value :
       {"5+1e31", "5-1e39", "5+inf", "5+nan", "5--2", "5+-2", "5-", "+2", "-5+2", "5", "4294967296+1"}) {
    INFO(value);
    CHECK(refusal("logit_bias", value).find(value) != std::string::npos);
  }
  CHECK(refusal("logit_bias", "5-inf") == "taken");
  CHECK(refusal("logit_bias", "05+1e30") == "taken");
}

TEST_CASE("an empty value is refused, except for a text that may be empty") {
  for (const api::OptionLine& line : api::option_table()) {
    if (line.scope == api::OptionScope::model || line.key == "system") continue;
    INFO(line.key);
    CHECK(refusal(std::string(line.key), "") != "taken");
  }
  CHECK(refusal("system", "") == "taken");
  for (const char* key : {"threads", "weights", "kv.pool"}) CHECK_FALSE(api::model_options({{key, ""}}));
}

TEST_CASE("a locale of the host changes no sentence and no number") {
  const std::string here = refusal("context", "1000000000000");
  const std::locale before = std::locale::global(std::locale(std::locale::classic(), new CommaAndGroups));
  CHECK(refusal("context", "1000000000000") == here);
  CHECK(refusal("temperature", "0,5") == "option temperature: expected a number, found '0,5'");
  CHECK(refusal("temperature", "0.5") == "taken");
  CHECK(refusal("kv.budget", "12.5%") == "taken");
  CHECK(refusal("kv.read", "top=12.5%") == "taken");
  std::locale::global(before);
}

TEST_CASE("the largest message: a size, from one byte to what the tokenizer takes") {
  CHECK(api::session_options({{"max_message_bytes", "1KiB"}})->max_message_bytes == 1024);
  CHECK(api::session_options({{"max_message_bytes", "1GiB"}})->max_message_bytes == std::int64_t{1} << 30);
  CHECK(refusal("max_message_bytes", "2GiB") ==
        "option max_message_bytes: expected a size up to 1GiB: 16MiB, found '2GiB'");
  for (const char* value : {"", "0", "-1", "many"}) CHECK(refusal("max_message_bytes", value) != "taken");
}

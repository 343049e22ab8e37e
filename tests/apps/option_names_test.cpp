// The engine's sentences in the words of the command line.
#include "apps/model_options/option_names.hpp"

#include <doctest/doctest.h>

#include <string>

using brim::apps::flag_of;
using brim::apps::with_flags;

TEST_CASE("an option's flag is its first long one") {
  CHECK(flag_of("threads") == "--threads");
  CHECK(flag_of("temperature") == "--temp");
  CHECK(flag_of("kv.budget") == "--kv-budget");
  CHECK(flag_of("logit_bias") == "--logit-bias");
  CHECK(flag_of("kv.pool") == "kv.pool");
  CHECK(flag_of("colour") == "colour");
}

TEST_CASE("keys in sentences become flags") {
  CHECK(with_flags("option kv.type: expected f32, found 'x'") == "--kv-type: expected f32, found 'x'");
  CHECK(with_flags("a.ses cannot be restored: option kv.keep: expected window, found 'x'") ==
        "a.ses cannot be restored: --kv-keep: expected window, found 'x'");
  CHECK(with_flags("the message has 6 bytes; expected at most 4 (option max_message_bytes)") ==
        "the message has 6 bytes; expected at most 4 (--max-message)");
  CHECK(with_flags("kv.read=top chooses among entries: expected kv.heads=together, found apart") ==
        "--kv-read top chooses among entries: expected --kv-heads together, found apart");
  CHECK(with_flags("top_p is 2; it must be from 0 to 1, where 1 is off") ==
        "--top-p is 2; it must be from 0 to 1, where 1 is off");
  CHECK(with_flags("logit_bias names token -1; ids begin at 0") == "--logit-bias names token -1; ids begin at 0");
}

TEST_CASE("what is quoted, unknown, without a flag or a word of English stays") {
  for (const char* sentence :
       {"", "unknown option 'kv.type'", "found 'option kv.type'", "option kv.pool: expected a size",
        "option kv.types: none", "the option is gone", "the limit of the context is reached", "limit is a word", "stop",
        "option", "option ", "threads of the model", "temperature", "x: kv.type is f16", "a file named kv.heads",
        "kv.pool=5", "brim run has no option '--kv-spilt'. Did you mean --kv-split?"}) {
    CHECK(with_flags(sentence) == sentence);
  }
}

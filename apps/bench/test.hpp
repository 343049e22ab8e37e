// What one row of the result measures: prefill or decode, how many tokens, after how many others.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace brim::apps::bench {

struct Test {
  enum class Kind { prompt, generation };
  Kind kind;
  std::int64_t tokens;
  std::int64_t depth;          ///< tokens in the cache before the test begins
  std::int64_t sequences = 1;  ///< that generate together, each that many tokens at that depth

  /// "pp512", "tg128@d4096", "tg64x8@d512" with eight sequences.
  std::string name() const;
};

/// Turns "512" or "0,4096,16384" into numbers; several of these texts make one list. Throws Failure (2) that names the
/// option and quotes what is not a number in [least, most].
std::vector<std::int64_t> parse_numbers(const std::vector<std::string>& texts, std::string_view option,
                                        std::int64_t min, std::int64_t max);
/// The same for words: "f16,q8_0".
std::vector<std::string> split_words(const std::vector<std::string>& texts, std::string_view option);

}  // namespace brim::apps::bench

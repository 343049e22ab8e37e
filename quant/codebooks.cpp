// Unfolds codebooks.def when it is compiled.
#include "quant/codebooks.hpp"

#include <string_view>

namespace brim::quant {
namespace {

consteval int digit_of(char letter) { return letter <= '9' ? letter - '0' : letter - 'a' + 10; }

consteval int count(std::string_view set) {
  int points = 0;
  for (const char letter : set) points += __builtin_popcount(static_cast<unsigned>(digit_of(letter)));
  return points;
}

template <int kPoints, int kValues, int kLevels>
consteval Codebook<kPoints * kValues / 4> unfold(const std::int8_t (&levels)[kLevels], std::string_view set) {
  Codebook<kPoints * kValues / 4> book{};
  int value = 0;
  for (int number = 0; number < static_cast<int>(set.size()) * 4; ++number) {
    if ((digit_of(set[static_cast<std::size_t>(number / 4)]) >> (number % 4) & 1) == 0) continue;
    int digits = number;
    for (int i = 0; i < kValues; ++i, ++value, digits /= kLevels) {
      const auto level = static_cast<std::uint8_t>(levels[digits % kLevels]);
      book.words[value / 4] |= static_cast<std::uint32_t>(level) << (8 * (value % 4));
    }
  }
  return book;
}

}  // namespace

namespace codebooks {

#define LEVELS(...) \
  { __VA_ARGS__ }
#define CODEBOOK(identifier, points, values, levels, set) \
  static_assert(count(set) == (points));                  \
  constinit const Codebook<(points) * (values) / 4> identifier = unfold<points, values>(levels, set);
#include "quant/codebooks.def"
#undef CODEBOOK
#undef LEVELS

}  // namespace codebooks
}  // namespace brim::quant

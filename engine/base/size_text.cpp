// See size_text.hpp. Whole numbers throughout, so that "0.1GiB" means the same bytes on every machine.
#include "engine/base/size_text.hpp"

#include <cstdint>

#include "engine/base/quote.hpp"

namespace brim {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint64_t kLargest = std::uint64_t{1} << 63;
constexpr std::string_view kPrefixes = "kmgtpe";

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }
char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter; }

// Bytes of a unit such as "", "B", "KiB", "kb" or "m"; 0 when it is not a unit.
std::uint64_t unit_bytes(std::string_view unit) {
  if (unit.empty() || (unit.size() == 1 && lower(unit[0]) == 'b')) return 1;
  const std::size_t prefix = kPrefixes.find(lower(unit[0]));
  if (prefix == std::string_view::npos || unit.size() > 3) return 0;
  const bool decimal = unit.size() == 2 && lower(unit[1]) == 'b';
  const bool binary = unit.size() == 1 || (unit.size() == 3 && lower(unit[1]) == 'i' && lower(unit[2]) == 'b');
  if (!decimal && !binary) return 0;
  std::uint64_t bytes = 1;
  for (std::size_t power = 0; power <= prefix; ++power) bytes *= decimal ? 1000 : 1024;
  return bytes;
}

}  // namespace

Result<std::size_t> parse_size(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return error(ErrorCode::invalid_argument, "a size is a number and a unit such as 64MiB, 1.5GiB or 800KB, but ",
                 quoted(text), " ", why);
  };
  std::size_t at = 0;
  Wide whole = 0;
  for (; at < text.size() && is_digit(text[at]); ++at) {
    whole = whole * 10 + static_cast<unsigned>(text[at] - '0');
    if (whole > kLargest) return refuse("is beyond 2^63 bytes");
  }
  if (at == 0) return refuse("does not start with a number");

  // Digits after the first 18 of a fraction are worth less than a byte in any unit.
  Wide fraction = 0, scale = 1;
  if (at < text.size() && text[at] == '.') {
    const std::size_t first = ++at;
    for (; at < text.size() && is_digit(text[at]); ++at) {
      if (at - first >= 18) continue;
      fraction = fraction * 10 + static_cast<unsigned>(text[at] - '0');
      scale *= 10;
    }
    if (at == first) return refuse("has no digit after the point");
  }
  while (at + 1 < text.size() && text[at] == ' ') ++at;
  const std::uint64_t unit = unit_bytes(text.substr(at));
  if (unit == 0) return refuse("has another unit than B, KB, KiB, MB, MiB, GB, GiB, TB or TiB");
  const Wide bytes = whole * unit + fraction * unit / scale;
  if (bytes > kLargest) return refuse("is beyond 2^63 bytes");
  return static_cast<std::size_t>(bytes);
}

std::string size_text(std::size_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " B";
  static constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double amount = static_cast<double>(bytes) / 1024;
  int unit = 0;
  // 1023.95 would be printed as 1024.0: that is the next unit's 1.
  while (amount >= 1023.95 && unit < 5) {
    amount /= 1024;
    ++unit;
  }
  return sentence(fixed_text(amount, unit >= 2 ? 2 : 1), " ", kUnits[unit]);
}

std::string exact_size_text(std::size_t bytes) { return sentence(size_text(bytes), " (", bytes, " bytes)"); }

}  // namespace brim

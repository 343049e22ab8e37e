// See quantities.hpp.
#include "apps/terminal/quantities.hpp"

#include <fmt/format.h>

namespace brim::apps {

std::string bytes_text(std::int64_t bytes) {
  const auto size = static_cast<double>(bytes);
  if (bytes < 1024) return fmt::format("{} B", bytes);
  if (size < 1024.0 * 1024) return fmt::format("{:.1f} KiB", size / 1024);
  if (size < 1024.0 * 1024 * 1024) return fmt::format("{:.1f} MiB", size / (1024.0 * 1024));
  return fmt::format("{:.2f} GiB", size / (1024.0 * 1024 * 1024));
}

std::string count_text(std::int64_t count) {
  const auto number = static_cast<double>(count);
  if (number < 1e3) return fmt::format("{}", count);
  if (number < 1e6) return fmt::format("{:.0f}K", number / 1e3);
  if (number < 1e9) return fmt::format("{:.1f}M", number / 1e6);
  return fmt::format("{:.2f}B", number / 1e9);
}

std::string grouped_text(std::int64_t number) {
  std::string digits = fmt::format("{}", number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t place = digits.size(); place > first + 3;) {
    place -= 3;
    digits.insert(place, ",");
  }
  return digits;
}

}  // namespace brim::apps

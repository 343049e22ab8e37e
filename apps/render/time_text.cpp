// See time_text.hpp.
#include "apps/render/time_text.hpp"

#include <algorithm>
#include <string_view>

#include "apps/commands.hpp"
#include "engine/base/number_text.hpp"
#include "engine/base/quote.hpp"

namespace brim::apps {
namespace {

bool is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int days_in(int month, int year) {
  static constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return days[month - 1] + (month == 2 && is_leap(year));
}

// "2025-07-10" as three numbers, "12:00:00" likewise: digits alone, without signs and blanks.
bool read_three(std::string_view text, char between, int (&numbers)[3]) {
  for (int i = 0; i < 3; ++i) {
    const std::size_t end = i == 2 ? text.size() : text.find(between);
    if (end == std::string_view::npos || end > 4) return false;
    const auto number = parse_integer<unsigned>(text.substr(0, end));
    if (!number) return false;
    numbers[i] = static_cast<int>(*number);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}

}  // namespace

long long parse_time(const std::string& text) {
  const std::string_view all = text;
  const std::size_t gap = std::min(all.find_first_of("T "), all.size());
  int date[3] = {}, time[3] = {};
  const auto& [year, month, day] = date;
  const auto& [hour, minute, second] = time;
  if (!read_three(all.substr(0, gap), '-', date) || (gap < all.size() && !read_three(all.substr(gap + 1), ':', time)) ||
      year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in(month, year) || hour > 23 || minute > 59 ||
      second > 60) {
    throw Failure(2, "--now: expected a time like 2025-07-10T12:00:00, from 1970 on, found " + quoted(text));
  }
  long long days = day - 1;
  for (int y = 1970; y < year; ++y) days += is_leap(y) ? 366 : 365;
  for (int m = 1; m < month; ++m) days += days_in(m, year);
  return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

}  // namespace brim::apps

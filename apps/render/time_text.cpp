// See time_text.hpp.
#include "apps/render/time_text.hpp"

#include <cstdio>

#include "apps/commands.hpp"
#include "engine/base/quote.hpp"

namespace brim::apps {
namespace {

bool is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int days_in(int month, int year) {
  static constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return days[month - 1] + (month == 2 && is_leap(year));
}

}  // namespace

long long parse_time(const std::string& text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, used = 0;
  char between = 'T';
  const auto whole = [&](int fields, int wanted) { return fields == wanted && used == static_cast<int>(text.size()); };
  const bool date_only = whole(std::sscanf(text.c_str(), "%4d-%2d-%2d%n", &year, &month, &day, &used), 3);
  if (!date_only && !whole(std::sscanf(text.c_str(), "%4d-%2d-%2d%c%2d:%2d:%2d%n", &year, &month, &day, &between, &hour,
                                       &minute, &second, &used), 7)) {
    year = 0;
  }
  if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in(month, year) || hour < 0 || hour > 23 ||
      minute < 0 || minute > 59 || second < 0 || second > 60 || (between != 'T' && between != ' ')) {
    throw Failure(2, "--now: expected a time like 2025-07-10T12:00:00, from 1970 on, found " + quoted(text));
  }
  long long days = day - 1;
  for (int y = 1970; y < year; ++y) days += is_leap(y) ? 366 : 365;
  for (int m = 1; m < month; ++m) days += days_in(m, year);
  return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

}  // namespace brim::apps

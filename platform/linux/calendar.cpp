// See platform/calendar.hpp.
#include "platform/calendar.hpp"

#include <locale.h>
#include <time.h>

namespace brim::platform {

std::tm utc_time(std::time_t time) noexcept {
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  return parts;
}

std::tm local_time(std::time_t time) noexcept {
  std::tm parts{};
  ::localtime_r(&time, &parts);
  return parts;
}

std::size_t format_time(char* buffer, std::size_t size, const char* format, const std::tm& parts) noexcept {
  static const locale_t c_locale = ::newlocale(LC_ALL_MASK, "C", nullptr);
  return ::strftime_l(buffer, size, format, &parts, c_locale);
}

}  // namespace brim::platform

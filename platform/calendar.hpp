// Dates. std::chrono gives the current time; this header adds what its C++20 calendar lacks in the compilers that we
// build with: local time, and strftime conversions that do not depend on the host's locale. Thread-safe.
#pragma once

#include <cstddef>
#include <ctime>

namespace brim::platform {

std::tm utc_time(std::time_t time) noexcept;
std::tm local_time(std::time_t time) noexcept;

/// strftime in the C locale: English names of months, whatever locale the host has set. Returns how many bytes of
/// `buffer` were written, 0 when the text does not fit.
std::size_t format_time(char* buffer, std::size_t size, const char* format, const std::tm& parts) noexcept;

}  // namespace brim::platform

// Dates. What time it is, std::chrono says; this is what its C++20 calendar lacks in the compilers we build with: local time, and
// conversions of strftime that do not go by the host's locale. Thread-safe.
#pragma once

#include <cstddef>
#include <ctime>

namespace brim::platform {

std::tm utc_time(std::time_t time) noexcept;
std::tm local_time(std::time_t time) noexcept;

/// strftime in the C locale: English names of months, whatever the host has set. Returns how many bytes of `buffer` were written,
/// 0 when they do not fit.
std::size_t format_time(char* buffer, std::size_t size, const char* format, const std::tm& parts) noexcept;

}  // namespace brim::platform

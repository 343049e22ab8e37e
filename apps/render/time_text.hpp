// A point in time as people write it on a command line.
#pragma once

#include <string>

namespace brim::apps {

/// Seconds since the epoch of "2025-07-10T12:00:00" (UTC; a space may replace the T, the time may be left out). Throws
/// Failure (2) that quotes the text when it is not a time of this form.
long long parse_time(const std::string& text);

}  // namespace brim::apps

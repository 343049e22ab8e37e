// A point in time as people write it on a command line.
#pragma once

#include <string>

namespace brim::apps {

/// Seconds since the epoch of "2025-07-10T12:00:00" (UTC; a space may stand for the T, the time may be left out).
/// Throws Failure (2) naming the text when it is no such time.
long long parse_time(const std::string& text);

}  // namespace brim::apps

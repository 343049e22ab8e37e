// How the engine tells its host something that is not an error: one callback, owned by the host. The library never prints.
#pragma once

#include <functional>
#include <string_view>

namespace brim {

enum class LogLevel { info, warning };
/// Called with one line without its newline. May be empty: nothing is said then.
using Log = std::function<void(LogLevel, std::string_view line)>;

/// Progress of long work, done of total (units of the work's own: bytes when loading, tokens when reading a prompt).
/// Returning false asks the work to stop; it then ends with ErrorCode::cancelled. Within one call of the library `total` stays the
/// same, `done` never decreases and is at most `total` (progress_span.hpp, where the work has several phases).
using Progress = std::function<bool(long long done, long long total)>;

}  // namespace brim

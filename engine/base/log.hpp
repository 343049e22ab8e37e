// How the engine reports events that are not errors: one callback, owned by the host. The library never prints.
#pragma once

#include <functional>
#include <string_view>

namespace brim {

enum class LogLevel { info, warning };
/// Called with one line without its newline. May be empty: then nothing is logged.
using Log = std::function<void(LogLevel, std::string_view line)>;

/// Progress of long work, done of total (in the units of that work: bytes when loading, tokens during prefill).
/// Returning false asks the work to stop; it then ends with ErrorCode::cancelled. Within one call of the library
/// `total` stays the same, `done` never decreases and is at most `total` (progress_span.hpp, where the work has several
/// phases).
using Progress = std::function<bool(long long done, long long total)>;

}  // namespace brim

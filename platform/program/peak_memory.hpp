// The most memory this process held at once (its resident set), as the system counts it.
#pragma once

#include <cstdint>

namespace brim::platform {

/// In bytes, since the process began or reset_peak_memory(); 0 when the system does not tell.
std::int64_t peak_memory();
/// Begins the count anew. Returns whether the system lets a process do that.
bool reset_peak_memory();

}  // namespace brim::platform

// The peak memory of this process (its resident set), as the system counts it.
#pragma once

#include <cstdint>

namespace brim::platform {

/// In bytes, since the process began or since reset_peak_memory(); 0 when the system does not report it.
std::int64_t peak_memory();
/// Restarts the count. Returns whether the system allows this.
bool reset_peak_memory();

}  // namespace brim::platform

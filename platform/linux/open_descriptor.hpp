// Opening files as all of Brim's are opened.
#pragma once

#include <sys/types.h>

#include <string>

#include "platform/descriptor.hpp"

namespace brim {

/// open(2) with O_CLOEXEC, tried again when a signal interrupted it, and moved to 3 or above. Without a descriptor errno
/// says why.
Descriptor open_descriptor(const std::string& path, int flags, mode_t mode = 0) noexcept;

}  // namespace brim

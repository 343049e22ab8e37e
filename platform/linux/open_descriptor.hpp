// How Brim opens all of its files.
#pragma once

#include <sys/types.h>

#include <string>

#include "platform/descriptor.hpp"

namespace brim {

/// open(2) with O_CLOEXEC, repeated when a signal interrupted it, with the descriptor moved to 3 or above. When it
/// returns none, errno has the reason.
Descriptor open_descriptor(const std::string& path, int flags, mode_t mode = 0) noexcept;

}  // namespace brim

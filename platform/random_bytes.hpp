// Bytes that nobody outside this process can draft.
#pragma once

#include <cstddef>
#include <span>

namespace brim::platform {

/// Sixteen random bytes that the process was started with, always the same ones: asking cannot fail, except where the system
/// gives none (false; `bytes` are then as they were). The C library takes its stack guard from them, so nothing that is made of
/// them may show them.
bool process_secret(std::span<std::byte, 16> bytes) noexcept;

}  // namespace brim::platform

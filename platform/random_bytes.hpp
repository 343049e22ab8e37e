// Bytes that cannot be predicted outside of this process.
#pragma once

#include <cstddef>
#include <span>

namespace brim::platform {

/// Sixteen random bytes that the process was started with, always the same ones: reading them cannot fail, except where
/// the system provides none (returns false; `bytes` are unchanged). The C library takes its stack guard from them, so
/// nothing computed from them may reveal them.
bool process_secret(std::span<std::byte, 16> bytes) noexcept;

/// Fills `bytes` with random bytes that cannot be predicted; false where the system provides none.
bool random_bytes(std::span<std::byte> bytes) noexcept;

}  // namespace brim::platform

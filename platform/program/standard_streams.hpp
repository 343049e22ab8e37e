// Standard input, output and error, by their descriptors.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace brim::platform {

inline constexpr int kStandardInput = 0;
inline constexpr int kStandardOutput = 1;
inline constexpr int kStandardError = 2;

/// Opens /dev/null on each of the three descriptors that the caller left closed, so that a file that Brim opens never
/// gets one of their numbers. Call it before anything else opens a file: otherwise progress text could be written into
/// the model that got descriptor 2. Without /dev the descriptors are open too, and using them fails. Returns false
/// where even this is impossible.
bool open_standard_streams() noexcept;

/// Writes once. Returns how many bytes were written, or −1 with the reason in errno. Async-signal-safe.
std::ptrdiff_t write_some(int descriptor, std::string_view bytes) noexcept;
/// Reads once. Returns how many bytes were read, 0 at the end, or −1 with the reason in errno. Async-signal-safe.
std::ptrdiff_t read_some(int descriptor, std::span<char> bytes) noexcept;

}  // namespace brim::platform

// What a descriptor that is read from has, and waiting for more of it.
#pragma once

namespace brim::platform {

enum class InputKind { none, file, pipe, socket, folder, device };
/// `none` for a descriptor that is closed; a terminal is a device.
InputKind input_kind(int descriptor) noexcept;

/// Whether it is a pipe, a socket or a file that holds bytes not yet read, or gets some within so many milliseconds.
bool holds_bytes(int descriptor, int milliseconds) noexcept;

struct Waited {
  int failure = 0;  ///< errno's value: EINTR when a signal came
  bool first = false, second = false;  ///< which can be read from, or is at its end; neither when the time was over
};
/// Waits until one of two descriptors can be read from; for ever when `milliseconds` is negative. A negative descriptor is not
/// waited for.
Waited wait_for_input(int first, int second, int milliseconds) noexcept;

}  // namespace brim::platform

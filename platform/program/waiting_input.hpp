// The kind of a descriptor that is read from, and waiting for more input from it.
#pragma once

namespace brim::platform {

enum class InputKind { none, file, pipe, socket, folder, device };
/// `none` for a closed descriptor; a terminal is a device.
InputKind input_kind(int descriptor) noexcept;

/// Whether it is a pipe, a socket or a file that has unread bytes, or gets some within this many milliseconds.
bool holds_bytes(int descriptor, int milliseconds) noexcept;

struct Waited {
  int failure = 0;                     ///< errno's value: EINTR when a signal came
  bool first = false, second = false;  ///< which can be read from, or is at its end; neither after a timeout
};
/// Waits until one of two descriptors can be read from; forever when `milliseconds` is negative. A negative descriptor
/// is not waited for.
Waited wait_for_input(int first, int second, int milliseconds) noexcept;

}  // namespace brim::platform

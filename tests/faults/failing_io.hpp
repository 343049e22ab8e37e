// System calls on files that fail when a test requests it. Linked into a program, they replace those of the C library.
#pragma once

namespace brim::test {

/// The fault of the one call that fails.
enum class IoFault {
  error_io,     ///< EIO
  error_space,  ///< ENOSPC
  interrupted,  ///< EINTR, once: the next try works
  short_count,  ///< a read or a write of half of the bytes
};

/// Call number `countdown` from now on (0: the next) gets the fault; −1: none. In any thread.
void fail_io(long countdown, IoFault fault);
/// Whether the fault has happened since.
bool io_failed();
/// Whether files without a name (O_TMPFILE) are offered, as on most file systems.
void offer_nameless_files(bool offered);

}  // namespace brim::test

// System calls on files that fail when a test says so. Linked into a program, it stands in for those of the C library.
#pragma once

namespace brim::test {

/// What becomes of the one call that is hit.
enum class IoFault {
  error_io,     ///< EIO
  error_space,  ///< ENOSPC
  interrupted,  ///< EINTR, once: the next try works
  short_count,  ///< a read or a write of half of the bytes
};

/// Call number `countdown` from now on (0: the next) is hit; −1: none. In any thread.
void fail_io(long countdown, IoFault fault);
/// Whether it has been hit since.
bool io_failed();
/// Whether files without a name (O_TMPFILE) are offered, as on most file systems.
void offer_nameless_files(bool offered);

}  // namespace brim::test

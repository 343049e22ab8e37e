// A file that appears whole or not at all: written without a name, or under a temporary one beside its own, then synced and
// renamed, and the folder synced too. Whatever happens on the way, the name stands for the old file or for the new one, and a
// name that stands there already (a link, a pipe, a file of another user) is never written through. Nothing is mapped: a full
// disk or a failing one is an error here and not a signal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "platform/input_file.hpp"

namespace brim {

/// Why bytes could not be written. Made without allocating, so that threads may carry it out of a parallel loop.
struct WriteFault {
  int number = 0;           ///< errno's value; 0: nothing failed
  std::uint64_t limit = 0;  ///< for EFBIG: the largest file that the process may write (RLIMIT_FSIZE); 0: the disk's own
  std::uint64_t size = 0;   ///< for EFBIG: the size that was wanted

  explicit operator bool() const noexcept { return number != 0; }
};

/// The size of the largest file that this process may write (RLIMIT_FSIZE), in bytes; the largest number where there is no limit.
std::uint64_t file_size_limit() noexcept;

/// The new file while it is being written; movable, not copyable. Unless publish() succeeds, nothing of it stays behind.
///
/// Where the file system offers files without a name (O_TMPFILE), a killed process leaves nothing. Elsewhere the temporary file
/// is NAME.part-PID-NUMBER, locked while its process lives; the next writer of the same name removes those whose process is gone.
class NewFile {
 public:
  /// Who may read it: `owner` alone, or whoever could read the file that it replaces (a new one: as umask says).
  enum class Readers { owner, usual };

  /// Opens a temporary file beside `path`. A symbolic link is followed: the file that it stands for is replaced, and the link
  /// stays. Errors: io naming the path and the system's reason; invalid_argument when `path` is something other than a regular
  /// file, which could not be replaced.
  static Result<NewFile> create(const std::string& path, Readers readers);

  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&& other) noexcept;
  NewFile(const NewFile&) = delete;
  ~NewFile();

  /// Adds bytes at the end. Errors: io; for a file larger than the process may write (RLIMIT_FSIZE) with both sizes, and without
  /// the signal that the system would send.
  Status write(std::span<const std::byte> bytes);
  Status write(std::string_view text) { return write(std::as_bytes(std::span(text.data(), text.size()))); }
  /// Writes at a place of the caller's choice. Any number of threads at once, at places that do not overlap.
  WriteFault try_write_at(std::uint64_t offset, std::span<const std::byte> bytes) const noexcept;
  /// The sentence for what try_write_at() returned.
  Error failure(const WriteFault& fault) const;

  /// For reading back what was written so far. Errors: io.
  Result<InputFile> reading() const;
  int descriptor() const { return descriptor_.number(); }

  /// Gives the file its name, replacing what had it. Errors: io.
  Status publish();
  /// The same under another name in the same folder.
  Status publish_as(const std::string& path);

 private:
  NewFile() = default;
  Status open_nameless(unsigned mode, bool& offered);
  Status open_named(unsigned mode);
  Status give_name();
  std::string free_name() const;
  void discard() noexcept;

  Descriptor descriptor_;
  std::string path_;       ///< links resolved
  std::string temporary_;  ///< empty while it has no name, and once published
  int mode_ = -1;          ///< of the file that is replaced; −1: none is
  std::uint64_t size_ = 0;
};

/// Writes `text` to `path` as a NewFile. Errors: those of NewFile.
Status write_new_file(const std::string& path, std::string_view text, NewFile::Readers readers);

}  // namespace brim

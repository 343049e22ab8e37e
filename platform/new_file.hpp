// A file that appears complete or not at all: written without a name, or under a temporary name in the same folder,
// then synced and renamed, and the folder is synced too. Whatever happens on the way, the name refers to the old file
// or to the new one, and what has that name already (a link, a pipe, a file of another user) is never written through.
// Nothing is mapped: a full or failing disk is an error here and not a signal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "platform/input_file.hpp"

namespace brim {

/// Why bytes could not be written. Created without allocating, so that threads may carry it out of a parallel loop.
struct WriteFault {
  int number = 0;           ///< errno's value; 0: nothing failed
  std::uint64_t limit = 0;  ///< for EFBIG: the largest file that the process may write (RLIMIT_FSIZE); 0: the disk's
  std::uint64_t size = 0;   ///< for EFBIG: the size that was wanted

  explicit operator bool() const noexcept { return number != 0; }
};

/// The size of the largest file that this process may write (RLIMIT_FSIZE), in bytes; the largest number where there is
/// no limit.
std::uint64_t file_size_limit() noexcept;

/// The name of the file that a NewFile for `path` creates or replaces: links are followed to their end, also where the
/// file does not exist yet. Errors: io; invalid_argument for a link to a deleted file.
Result<std::string> replaced_name(const std::string& path);

/// The new file while it is being written; movable, not copyable. Unless publish() succeeds, no file is left behind.
///
/// Where the file system supports files without a name (O_TMPFILE), a killed process leaves nothing. Elsewhere the
/// temporary file is NAME.part-PID-NUMBER, locked while its process lives; the next writer of the same name removes
/// temporary files whose process has ended.
class NewFile {
 public:
  /// Who may read the file: `owner` alone, or everyone who could read the file that it replaces (for a new file:
  /// according to umask).
  enum class Permissions { owner, usual };

  /// Opens a temporary file in the folder of `path`. A symbolic link is followed: the file that it refers to is
  /// replaced, and the link remains. Errors: io naming the path and the system's reason; invalid_argument when `path`
  /// is not a regular file and so could not be replaced.
  static Result<NewFile> create(const std::string& path, Permissions permissions);

  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&& other) noexcept;
  NewFile(const NewFile&) = delete;
  ~NewFile();

  /// Appends bytes. Errors: io; for a file larger than the process may write (RLIMIT_FSIZE), the message has both
  /// sizes, and the signal that the system would send is not raised.
  Status write(std::span<const std::byte> bytes);
  Status write(std::string_view text) { return write(std::as_bytes(std::span(text.data(), text.size()))); }
  /// Writes at a position that the caller chooses. Any number of threads may do so at once, at ranges that do not
  /// overlap.
  WriteFault try_write_at(std::uint64_t offset, std::span<const std::byte> bytes) const noexcept;
  /// The error for what try_write_at() returned.
  Error failure(const WriteFault& fault) const;

  /// For reading what has been written so far. Errors: io.
  Result<InputFile> reading() const;
  int descriptor() const { return descriptor_.number(); }

  /// Gives the file its name and replaces the file that had the name. Errors: io.
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
  std::string temporary_;  ///< empty while it has no name, and after it is published
  int mode_ = -1;          ///< of the file that is replaced; −1: none is
  std::uint64_t size_ = 0;
};

/// Writes `text` to `path` as a NewFile. Errors: those of NewFile.
Status write_new_file(const std::string& path, std::string_view text, NewFile::Permissions permissions);

}  // namespace brim

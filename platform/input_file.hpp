// A regular file that is read by position and never mapped: whatever another program does to the file meanwhile, a
// failed read is an error message and not a signal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "engine/base/result.hpp"
#include "platform/descriptor.hpp"

namespace brim {

/// Identifies a file and its last change: two equal identities mean the same content, unless the file was changed
/// within the resolution of its time stamps.
struct FileIdentity {
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t modified_ns = 0, changed_ns = 0;  ///< mtime and ctime, since 1970

  bool operator==(const FileIdentity&) const = default;
  bool same_file(const FileIdentity& other) const { return device == other.device && inode == other.inode; }
};

/// The identity of what `path` leads to, of any kind; nothing when it does not exist or may not be examined.
std::optional<FileIdentity> file_identity(const std::string& path) noexcept;

class InputFile;

/// Why bytes could not be read. Created without allocating, so that threads may carry it out of a parallel loop.
struct ReadFault {
  const InputFile* file = nullptr;  ///< null: nothing failed
  int number = 0;                   ///< errno's value; 0: the file ended early
  std::uint64_t offset = 0;         ///< of the first byte that is missing

  explicit operator bool() const noexcept { return file != nullptr; }
  /// io, with the file, the offset and the reason.
  Error error() const;
};

/// An open file; movable, not copyable. Any number of threads may read from it at once.
class InputFile {
 public:
  /// Errors: io with the path and the system's reason; bad_file when it is a directory or not a regular file.
  static Result<InputFile> open(const std::string& path);
  /// The same for a file that is open already; `path` is its name in messages.
  static Result<InputFile> of(Descriptor descriptor, const std::string& path);

  const std::string& path() const { return path_; }
  std::uint64_t size() const { return identity_.size; }
  /// The identity when the file was opened.
  const FileIdentity& identity() const { return identity_; }
  int descriptor() const { return descriptor_.number(); }

  /// Advice: the file will be read from its beginning to its end. Where the system ignores the advice, reading is only
  /// slower.
  void expect_sequential() const noexcept;
  /// Fills `bytes` from `offset` on.
  ReadFault try_read(std::uint64_t offset, std::span<std::byte> bytes) const noexcept;
  /// Errors: io, also where the file ends before `bytes` is full.
  Status read(std::uint64_t offset, std::span<std::byte> bytes) const;
  /// Errors: io when the file has changed since it was opened.
  Status check_unchanged() const;

 private:
  InputFile() = default;

  std::string path_;
  Descriptor descriptor_;
  FileIdentity identity_;
};

/// A whole file as a text. Errors: those of InputFile; bad_file when it has more than `max_bytes`.
Result<std::string> read_text_file(const std::string& path, std::size_t max_bytes);

}  // namespace brim

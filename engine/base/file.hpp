// A read-only file mapped into memory, with sequential read-ahead asked of the kernel.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "engine/base/result.hpp"

namespace brim {

/// Owns one read-only mapping; movable, not copyable. Reading it from several threads is safe.
/// The mapping is private: a file that another process truncates while mapped can still fault (SIGBUS), as with any
/// mapped file; a caller who cannot exclude that should copy the file first.
class MappedFile {
 public:
  /// Errors: io with the path and the system's reason; bad_file when it is a directory or not a regular file.
  static Result<MappedFile> open(const std::string& path);

  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  /// How the mapping will be read from now on. It is opened for `sequential` reading (large read-ahead), where the
  /// kernel also gives pages up first when memory is short; weights that are read again for every token want
  /// `repeated`.
  enum class Access { sequential, repeated };
  void expect(Access access) const;

  /// Gives back the memory of the whole pages within `part`, if it is a part of this mapping: reading them again reads
  /// the file again.
  void release(std::span<const std::byte> part) const;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::string& path() const { return path_; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::string path_;
};

}  // namespace brim

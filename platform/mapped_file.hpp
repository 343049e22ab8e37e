// A read-only file mapped into memory, with sequential read-ahead asked of the kernel.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "engine/base/result.hpp"
#include "platform/input_file.hpp"

namespace brim {

/// Owns one read-only mapping; movable, not copyable. Reading it from several threads is safe.
/// A file that another process cuts off in place while it is mapped ends this one (SIGBUS), as with any mapped file; replacing
/// it by renaming is safe. So only weights that are asked to stay in a file are mapped (--weights shared, --no-repack); all
/// else is read (input_file.hpp).
class MappedFile {
 public:
  /// Maps a whole file; the mapping outlives `file`. Errors: io with the system's reason; out_of_memory.
  static Result<MappedFile> map(const InputFile& file);

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

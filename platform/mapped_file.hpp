// A read-only file mapped into memory, with sequential read-ahead requested from the kernel.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "engine/base/result.hpp"
#include "platform/input_file.hpp"

namespace brim {

/// Owns one read-only mapping; movable, not copyable. Reading it from several threads is safe.
/// If another process truncates the file while it is mapped, this process ends (SIGBUS), as with any mapped file;
/// replacing the file by renaming is safe. So only weights that were requested to stay in a file are mapped (--weights
/// shared, --no-repack); everything else is read (input_file.hpp).
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
  /// kernel also drops pages first when memory is short; use `repeated` for weights that every token reads.
  enum class Access { sequential, repeated };
  void expect(Access access) const;

  /// Releases the memory of the whole pages within `part`, if `part` lies in this mapping: the next access reads them
  /// from the file.
  void release(std::span<const std::byte> part) const;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::string& path() const { return path_; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::string path_;
};

}  // namespace brim

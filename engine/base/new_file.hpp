// A file that appears whole or not at all: written under a temporary name beside its own, then synced and renamed.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "engine/base/result.hpp"

namespace brim {

/// Owns a writable mapping of the new file's bytes; movable, not copyable. Unless publish() succeeds, nothing of it
/// stays behind.
class NewFile {
 public:
  /// Creates `path`'s temporary neighbour with room for `bytes` bytes on the disk (readable by its owner alone) and maps
  /// it. Errors: io naming the path and the system's reason; a full disk is found here, not while writing.
  static Result<NewFile> create(const std::string& path, std::size_t bytes);

  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  NewFile(const NewFile&) = delete;
  ~NewFile();

  std::span<std::byte> bytes() const { return {data_, size_}; }
  /// Gives the file its name, replacing what had it. Errors: io.
  Status publish();

 private:
  NewFile() = default;

  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  int descriptor_ = -1;
  std::string path_;
  std::string temporary_;  ///< empty once published
};

}  // namespace brim

// A file that appears whole or not at all: written under a temporary name beside its own, then synced and renamed, and the
// folder synced too. Whatever happens on the way, the name stands for the old file or the new one.
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
  /// What the neighbour is called. `unique`: any number of programs may write the same file at once; of one that was killed
  /// its neighbour stays. `part`: PATH.part, which the next one to write PATH takes over; a second one at the same time is
  /// refused.
  enum class Neighbour { unique, part };
  /// Creates `path`'s temporary neighbour with room for `bytes` > 0 bytes on the disk (readable by its owner alone) and maps
  /// it. Errors: io naming the path and the system's reason; a full disk is found here, not while writing.
  static Result<NewFile> create(const std::string& path, std::size_t bytes, Neighbour neighbour = Neighbour::unique);

  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  NewFile(const NewFile&) = delete;
  ~NewFile();

  std::span<std::byte> bytes() const { return {data_, size_}; }
  /// Gives the file its name, replacing what had it. Errors: io.
  Status publish();

 private:
  NewFile() = default;
  Status open_unique();
  Status open_part();

  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  int descriptor_ = -1;
  std::string path_;
  std::string temporary_;  ///< empty once published
};

}  // namespace brim
